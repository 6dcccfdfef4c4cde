"""Clients as a csv or xlsx file (IMP-18, IMP-19, IMP-20)."""
