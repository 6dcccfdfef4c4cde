"""The door to background jobs for other features."""

from __future__ import annotations

from callcenter.features.work.models import WorkJob
from callcenter.features.work.usecases.running import Cancelled, Run, Runner, cancel, office, register, start

__all__ = ["Cancelled", "Run", "Runner", "WorkJob", "cancel", "office", "register", "start"]
