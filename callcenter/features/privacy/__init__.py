"""What is held on a person: given out as one file, or erased with its recordings (PLT-08)."""
