"""How many calls to place now, from nothing but what a dialer sees. Pure: no clock, no chance, no I/O."""
