"""The command line's commands; each is a function that takes settings and arguments and returns the exit code."""
