"""The client on the page of a call: written to, changed, handed over to a colleague (OUT-39)."""
