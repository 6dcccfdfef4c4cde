"""Skills of agents with levels: who is able to take which calls (INQ-03)."""
