"""Timed work of surveys."""

from __future__ import annotations

from callcenter.features.surveys import usecases
from callcenter.plugin import Services


async def collect(services: Services) -> None:
    """Takes answers out of stories."""
    await usecases.collect(services)
