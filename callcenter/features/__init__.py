"""Vertical slices: one folder per thing that the product does; each talks to the others only through their ``api``."""
