"""What is done with recordings: bound to their calls, joined and kept, listened to."""
