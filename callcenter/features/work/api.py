"""The door to background jobs for other features."""

from __future__ import annotations

from callcenter.features.work.models import WorkJob
from callcenter.features.work.queries import pieces
from callcenter.features.work.rules import next_portion, rest, start_at
from callcenter.features.work.usecases.ordering import cancel, start
from callcenter.features.work.usecases.owning import owner
from callcenter.features.work.usecases.running import Cancelled, Run, Runner, after_commit, office, register

__all__ = [
    "Cancelled", "Run", "Runner", "WorkJob", "after_commit", "cancel", "next_portion", "office", "owner", "pieces",
    "register", "rest", "start", "start_at",
]  # fmt: skip
