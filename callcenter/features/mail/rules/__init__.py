"""What a letter may hold, what is put into it, how it is built, and what a failure is called. Pure."""
