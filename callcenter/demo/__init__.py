"""The demo: a business with people, numbers and a past, robots that call and answer, and one command that runs it all."""
