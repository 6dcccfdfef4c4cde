"""Timed work of queues."""

from __future__ import annotations

from callcenter.features.queues.gateway import MemberSync
from callcenter.plugin import Services


async def compare_members(services: Services) -> None:
    """Compares Asterisk's members with what is wanted, whatever events may have been lost."""
    services.part(MemberSync, MemberSync).touch(read=True)
