"""What happens to calls: written into the log, completed from the journal, dialled, ended, commented."""
