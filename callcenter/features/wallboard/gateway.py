"""Tells other systems of alerts: a signed POST that never goes to an address inside our own network."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

log = logging.getLogger(__name__)

PAUSES = (0.0, 1.0, 5.0, 25.0)
"""Seconds before each try."""
TIMEOUT = 5.0


class Refused(OSError):
    """The address may not be called."""


def allowed(address: str) -> bool:
    """Whether an IP address lies outside: no loopback, no private, link-local, multicast or reserved one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return found.is_global and not found.is_multicast


def fits(url: str) -> bool:
    """Whether an address may be typed in: http(s), with a host, without a user, no number inside our network."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return False
    try:
        return allowed(host)
    except ValueError:
        return host != "localhost" and "." in host


class OutsideResolver(AbstractResolver):
    """Names to addresses, those inside our network left out: what is checked is what is connected to."""

    def __init__(self, check: Any = allowed) -> None:
        self._check = check

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises Refused when nothing is left."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        outside = [(kind, address[0]) for kind, _, _, _, address in found if self._check(str(address[0]))]
        if not outside:
            raise Refused(f"{host} leads inside our own network")
        return [
            ResolveResult(
                hostname=host, host=str(address), port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, address in outside
        ]

    async def close(self) -> None:
        """Nothing is held."""


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the moment and the body, so that a message can neither be made up nor sent again later."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def send(
    url: str,
    secret: str,
    stamp: str,
    message: dict[str, Any],
    *,
    pauses: tuple[float, ...] = PAUSES,
    check: Any = allowed,
) -> bool:
    """Sends until somebody answers 2xx, at most once for each of ``pauses``; whether it arrived."""
    body = msgspec.json.encode(message)
    headers = {
        "Content-Type": "application/json",
        "X-Timestamp": stamp,
        "X-Signature": f"sha256={signature(secret, stamp, body)}",
    }
    host = urlsplit(url).hostname or ""
    try:
        if not check(host):
            return False
    except ValueError:
        pass
    for pause in pauses:
        await asyncio.sleep(pause)
        try:
            connector = aiohttp.TCPConnector(resolver=OutsideResolver(check), force_close=True)
            async with (
                aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                if 200 <= answer.status < 300:
                    return True
                log.warning("a webhook of an alert was answered %d", answer.status)
        except Refused as error:
            log.warning("a webhook of an alert is refused: %s", error)
            return False
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if isinstance(getattr(error, "os_error", None), Refused):
                return False
            log.warning("a webhook of an alert failed: %s", type(error).__name__)
    return False
