"""Who is rung first for a caller, and whose call goes before others: what the dialplan asks the server."""
