"""Who is not let in: the company is closed in an emergency, or the caller's number is spam. Asterisk knows both."""
