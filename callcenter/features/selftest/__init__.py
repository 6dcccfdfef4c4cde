"""Before the shift: self-test, echo test, line test; and how good the line of each call was."""
