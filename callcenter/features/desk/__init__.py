"""The agent's work page: the day so far, whom to call back, the queues now."""
