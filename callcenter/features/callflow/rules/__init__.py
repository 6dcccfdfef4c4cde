"""The tree of a number's calls, and what is typed on its page. Pure."""
