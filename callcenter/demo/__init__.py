"""The demo: a business with people, numbers and a past, robots that call and answer, one command that runs it."""
