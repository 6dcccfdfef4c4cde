"""Ports, Asterisk's manager, certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from urllib.parse import urlsplit

from callcenter.config import Settings
from callcenter.core.checks import Finding, State
from callcenter.telephony.asterisk import secrets

LOCAL = ("127.0.0.1", "localhost", "::1")
_DAYS = 21


async def ports(settings: Settings) -> list[Finding]:
    """The server's port is free, or it is our own server that listens there."""
    name = f"port {settings.http_port} (web)"
    if await _answers(settings.http_port):
        if await _ask_health(settings.http_port):
            return [Finding(name=name, detail="our server answers")]
        advice = "end what listens there, or choose another port with CALLCENTER_HTTP_PORT"
        return [Finding(name=name, state="wrong", detail="taken by another program", advice=advice)]
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as error:
            advice = "choose another port or address with CALLCENTER_HTTP_PORT and CALLCENTER_HTTP_HOST"
            return [Finding(name=name, state="wrong", detail=str(error), advice=advice)]
    return [Finding(name=name, detail="free; the server does not run")]


async def asterisk(settings: Settings) -> list[Finding]:
    """Asterisk's manager answers and takes our password; Asterisk's HTTP port is there for browsers' phones."""
    where = f"{settings.asterisk_host}:{settings.ami_port}"
    findings = [await _manager(settings, where)]
    if findings[0].state == "ok":
        name = f"Asterisk's WebSocket at port {settings.asterisk_http_port}"
        if await _answers(settings.asterisk_http_port, settings.asterisk_host):
            findings.append(Finding(name=name, detail="answers"))
        else:
            advice = "browsers' phones need it: look at http.conf and CALLCENTER_ASTERISK_HTTP_PORT"
            findings.append(Finding(name=name, state="wrong", detail="nothing listens", advice=advice))
    return findings


async def _manager(settings: Settings, where: str) -> Finding:
    name = "Asterisk's manager (AMI)"
    start = "start Asterisk: `make demo` starts its own; otherwise look at its service and CALLCENTER_AMI_PORT"
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(settings.asterisk_host, settings.ami_port)
            greeting = await reader.readline()
            if not greeting.startswith(b"Asterisk Call Manager"):
                writer.close()
                advice = "set CALLCENTER_AMI_PORT to Asterisk's manager port"
                return Finding(name=name, state="wrong", detail=f"another program at {where}", advice=advice)
            password = secrets.read(settings.secrets_file).get(secrets.AMI_PASSWORD, "")
            asked = f"Action: Login\r\nUsername: callcenter\r\nSecret: {password}\r\nEvents: off\r\n\r\n"
            writer.write(asked.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        return Finding(name=name, state="wrong", detail=f"no answer at {where} ({error!r})", advice=start)
    if b"Response: Success" not in answer:
        advice = "render Asterisk's settings anew and reload it: its manager.conf has another password"
        return Finding(name=name, state="wrong", detail="our password was refused", advice=advice)
    return Finding(name=name, detail=f"{where}, {greeting.decode('ascii', 'replace').strip()}")


async def certificates(settings: Settings) -> list[Finding]:
    """People come over HTTPS (a browser gives the microphone only then, or on localhost), and it is not running out."""
    name = "certificate"
    if not settings.public_url.startswith("https://"):
        local = settings.http_host in LOCAL and (
            not settings.public_url or urlsplit(settings.public_url).hostname in LOCAL
        )
        if local:
            return [Finding(name=name, detail="not needed on this machine alone")]
        advice = "put a TLS proxy before the server and set CALLCENTER_PUBLIC_URL=https://…"
        detail = "without HTTPS browsers give no microphone"
        return [Finding(name=name, state="warning", detail=detail, advice=advice)]
    parts = urlsplit(settings.public_url)
    try:
        left = await asyncio.to_thread(_days_left, parts.hostname or "", parts.port or 443)
    except (OSError, ValueError) as error:
        advice = f"look at the proxy that answers {settings.public_url}"
        return [Finding(name=name, state="wrong", detail=str(error), advice=advice)]
    detail = f"{parts.hostname}: {left:.0f} days left"
    state: State = "ok" if left > _DAYS else "warning" if left > 2 else "wrong"
    return [Finding(name=name, state=state, detail=detail, advice="renew the certificate")]


def _days_left(host: str, port: int) -> float:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        found = secure.getpeercert() or {}
    return (ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()) / 86400


async def _answers(port: int, host: str = "127.0.0.1") -> bool:
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _ask_health(port: int) -> bool:
    """Whether it is our server: its /healthz has our four words."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read(4096)
            writer.close()
    except (OSError, TimeoutError):
        return False
    return b'"asterisk"' in answer and b'"database"' in answer
