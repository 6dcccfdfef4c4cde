"""What may go wrong with Asterisk on this machine; every text says what to do."""

from __future__ import annotations


class AsteriskError(RuntimeError):
    """Asterisk cannot be found, made, configured, started or stopped."""
