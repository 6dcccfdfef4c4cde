"""What clients answered after the talk: kept by call, summed up by queue and agent (INQ-09)."""
