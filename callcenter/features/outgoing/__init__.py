"""Calls out: whose number is shown, and how numbers are confirmed by a code (TEL-28 … TEL-34, INB-14, INB-15)."""
