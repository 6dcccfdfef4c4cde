"""Passwords: Argon2id in threads of its own, so that neither the event loop nor other blocking work waits for it."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# Two at once: each takes 64 MB and a core for some 50 ms.
_threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")
hasher = PasswordHasher()
_stand_in = ""


def hash_now(password: str) -> str:
    """The hash of a password; blocks some 50 ms, for the command line and generated data."""
    return hasher.hash(password)


async def hash_password(password: str) -> str:
    """The hash of a password."""
    return await asyncio.get_running_loop().run_in_executor(_threads, hasher.hash, password)


async def verify(stored: str, password: str) -> tuple[bool, bool]:
    """Whether ``password`` fits ``stored``, and whether the hash should be made anew (settings have grown).

    An empty ``stored`` (unknown e-mail, no password set) costs the same time as a real one and never fits.
    """
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, stored, password)


def _verify(stored: str, password: str) -> tuple[bool, bool]:
    global _stand_in
    if not stored:
        _stand_in = _stand_in or hasher.hash(secrets.token_urlsafe(16))
    try:
        hasher.verify(stored or _stand_in, password)
    except (VerificationError, InvalidHashError):
        return False, False
    return bool(stored), hasher.check_needs_rehash(stored or _stand_in)
