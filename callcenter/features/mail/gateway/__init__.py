"""What stands outside: mail servers, and the disk for files of letters."""
