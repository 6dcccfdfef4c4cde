"""What people do with questionnaires: edit them, fill them in, read what was answered."""
