"""What people do with agents: who they are, what state they choose, why they pause, what is kept over a restart."""
