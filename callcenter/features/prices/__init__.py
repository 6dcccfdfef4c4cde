"""What calls cost: prices by the beginning of the number, set by an administrator."""
