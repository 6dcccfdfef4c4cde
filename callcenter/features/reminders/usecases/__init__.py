"""What people do with reminders, and how they are told."""
