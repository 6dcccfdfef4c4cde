"""The call log's business rules: no I/O, no clock, no database. One module per question."""
