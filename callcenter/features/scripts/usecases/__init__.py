"""What people do with scripts: edit them, work by them, say how a talk ended."""
