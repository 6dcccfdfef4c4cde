"""Setting up an employee's own softphone: facts, a code for the camera, files for three programs (DPL-07)."""
