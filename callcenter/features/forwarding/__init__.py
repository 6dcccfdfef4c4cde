"""Employees' own telephones, to which numbers forward calls that nobody takes (INB-15)."""
