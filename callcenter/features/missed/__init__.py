"""Who learns of a missed call, in the service and by e-mail (INB-09, INB-10), and of a message (INQ-05)."""
