"""The way of calls as people see it: number, hours, menus and targets as a tree; tried by simulated callers."""
