"""The wallboard over HTTP."""

from callcenter.features.wallboard.pages.board import HoursView, board, hours

__all__ = ["HoursView", "board", "hours"]
