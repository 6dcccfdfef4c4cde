"""Saved views of lists: filter, columns and order under a name, own or shared (PLT-03)."""
