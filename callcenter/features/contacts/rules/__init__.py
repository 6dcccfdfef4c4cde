"""What holds of clients and organisations: no I/O, no clock, no database. One module per question."""
