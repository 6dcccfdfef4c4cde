"""What everything stands on: events, the bus, time, errors and phone numbers. Imports nothing of ours, does no I/O."""
