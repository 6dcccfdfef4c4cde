"""The wallboard over HTTP."""

from callcenter.features.wallboard.pages.board import HoursView, PastView, board, hours, moment, past

__all__ = ["HoursView", "PastView", "board", "hours", "moment", "past"]
