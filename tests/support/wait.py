"""Waiting in tests: for what shall be so, with a time-out; never for luck."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(look: Callable[[], T | Awaitable[T]], *, timeout: float = 10.0, what: str = "") -> T:
    """Asks ``look`` until it gives something true, and gives that; AssertionError after ``timeout`` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while True:
        found = look()
        seen: T = await found if inspect.isawaitable(found) else found  # type: ignore[assignment]
        if seen:
            return seen
        if loop.time() > end:
            raise AssertionError(f"did not come about within {timeout:g} s: {what or look}")
        await asyncio.sleep(0.05)
