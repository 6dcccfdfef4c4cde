"""What holds of imports: no I/O, no clock, no database. One module per question."""
