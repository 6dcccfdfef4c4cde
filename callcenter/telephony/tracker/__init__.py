"""From facts to calls: pure, no I/O, no clock. ``Tracker`` is all that others need."""

from callcenter.telephony.tracker.tracker import Tracker

__all__ = ["Tracker"]
