"""``python -m callcenter demo``: Asterisk, the server and the robots as children of one process in the foreground."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp

from callcenter import app
from callcenter.config import Settings
from callcenter.core.clock import SystemClock
from callcenter.demo.children import Child, keep_running
from callcenter.demo.seed import seed
from callcenter.demo.world import SALES_NUMBER, SUPPORT_NUMBER
from callcenter.features.dialplan import usecases as dialplan
from callcenter.telephony.asterisk import provision
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import Runner

READY_SECONDS = 90.0


class DemoError(Exception):
    """The demo cannot run; the text says why and what to do."""


def say(text: str) -> None:
    """A line for the person in front of the terminal."""
    print(text, flush=True)


def run(settings: Settings) -> int:
    """Runs the demo until SIGINT or SIGTERM; the exit code."""
    try:
        return asyncio.run(_main(settings))
    except (DemoError, AsteriskError) as error:
        print(f"demo: {error}", file=sys.stderr, flush=True)
        return 1


async def _main(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    work = asyncio.create_task(_run(settings, stop))
    await work
    return 0


async def _run(settings: Settings, stop: asyncio.Event) -> None:
    parts: list[Callable[[], Awaitable[None]]] = []
    watchers: list[asyncio.Task[None]] = []
    try:
        await _until(stop, _start(settings, parts, watchers))
        await stop.wait()
    except _Stopped:
        pass
    finally:
        say("stopping …")
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        for end in reversed(parts):
            await end()
        say("stopped")


class _Stopped(Exception):
    """The person pressed Ctrl-C while things were still starting."""


async def _until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    running, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not running.done():
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        raise _Stopped
    await running


async def _start(
    settings: Settings, parts: list[Callable[[], Awaitable[None]]], watchers: list[asyncio.Task[None]]
) -> None:
    began = time.monotonic()
    say("1/5 Asterisk: looking for it")
    installation = await asyncio.to_thread(provision.ensure, settings, lambda line: say(f"    {line}"))
    asterisk = Runner(Instance.from_settings(settings, installation))
    await asterisk.end_left_behind()
    _ports_are_free(settings)
    password = demo_password(settings)
    say("2/5 database: demo business, clients, a month of calls")
    await _prepare(settings, password)
    say("3/5 Asterisk: configuration and start")
    await _render(settings)
    parts.append(asterisk.stop)
    await asterisk.start()
    watchers.append(asyncio.create_task(keep_running("Asterisk", asterisk.wait, asterisk.start, say)))
    say("4/5 server")
    env = os.environ | {"CALLCENTER_DEMO_PASSWORD": password}
    log = settings.data / "log"
    server = Child("server", ("-m", "callcenter", "serve"), env, log / "server.log")
    parts.append(server.stop)
    await server.start()
    await _healthy(settings, server)
    watchers.append(asyncio.create_task(keep_running("server", server.wait, server.start, say)))
    if settings.demo_robots:
        say("5/5 robots: agents, callers and the world outside")
        robots = Child("robots", ("-m", "callcenter.demo.robots"), env, log / "robots.log")
        parts.append(robots.stop)
        await robots.start()
        watchers.append(asyncio.create_task(keep_running("robots", robots.wait, robots.start, say)))
    else:
        say("5/5 robots: none (CALLCENTER_DEMO_ROBOTS=0)")
    _greet(settings, password, time.monotonic() - began)


def _greet(settings: Settings, password: str, seconds: float) -> None:
    url = settings.public_url or f"http://127.0.0.1:{settings.http_port}"
    say("")
    say("people:   admin@demo.example, supervisor@demo.example, operator1@demo.example … operator8@demo.example")
    say(f"password: {password}")
    say(f"numbers:  {SALES_NUMBER} sales, {SUPPORT_NUMBER} support   SIP: 127.0.0.1:{settings.sip_port}/udp")
    say(f"logs:     {settings.data / 'log'}   started in {seconds:.0f} s   Ctrl-C ends it")
    say(f"ready: {url}")


def demo_password(settings: Settings) -> str:
    """The demo people's password: as set, else generated once and kept in the data folder."""
    if settings.demo_password:
        return settings.demo_password
    file = settings.data / "demo-password"
    if not file.is_file():
        settings.data.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as out:
            out.write(f"{secrets.token_urlsafe(9)}A1")
    return file.read_text().strip()


async def _prepare(settings: Settings, password: str) -> None:
    db = await app.open_database(settings)
    try:
        now = SystemClock().now()
        made = await seed(db, now=now, password=password, carrier_port=settings.demo_carrier_port)
        say("    made" if made else "    there already")
    finally:
        await db.close()


async def _render(settings: Settings) -> None:
    db = await app.open_database(settings)
    try:
        await dialplan.write_config(settings, db)
    finally:
        await db.close()


async def _healthy(settings: Settings, server: Child) -> None:
    end = time.monotonic() + READY_SECONDS
    answer = ""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as http:
        while time.monotonic() < end:
            if server.process and server.process.returncode is not None:
                raise DemoError(f"the server did not start:\n{server.tail()}")
            try:
                async with http.get(f"http://127.0.0.1:{settings.http_port}/healthz") as found:
                    answer = await found.text()
                    if found.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError) as error:
                answer = str(error)
            await asyncio.sleep(0.2)
    raise DemoError(f"the server is not well after {READY_SECONDS:.0f} s: {answer}\n{server.tail()}")


def _ports_are_free(settings: Settings) -> None:
    wanted = (
        ("CALLCENTER_HTTP_PORT", settings.http_port, socket.SOCK_STREAM),
        ("CALLCENTER_AMI_PORT", settings.ami_port, socket.SOCK_STREAM),
        ("CALLCENTER_ASTERISK_HTTP_PORT", settings.asterisk_http_port, socket.SOCK_STREAM),
        ("CALLCENTER_SIP_PORT", settings.sip_port, socket.SOCK_DGRAM),
        *(
            (("CALLCENTER_DEMO_CARRIER_PORT", settings.demo_carrier_port, socket.SOCK_DGRAM),)
            if settings.demo_robots
            else ()
        ),
    )
    for name, port, kind in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise DemoError(f"port {port} is taken: end what uses it, or choose another with {name}=…") from error
