"""Which telephone numbers somebody has confirmed by a code, and until when (TEL-28 … TEL-34)."""
