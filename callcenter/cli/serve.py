"""``serve``: the server in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal

from aiohttp import web

from callcenter import app as composition
from callcenter.cli.logs import configure
from callcenter.config import Settings

log = logging.getLogger("callcenter")
# Streams never end by themselves; other requests get this long to finish.
SHUTDOWN_SECONDS = 5.0

YOUNG = 20_000
"""So many more objects than before make the garbage collector look at the young ones."""


async def serve(settings: Settings, args: argparse.Namespace) -> int:
    """Runs until SIGTERM or SIGINT; a second signal ends it at once."""
    configure(settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(composition.create_app(settings), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.http_host, settings.http_port, backlog=512)
        await site.start()
        log.info("ready", extra={"url": settings.public_url or f"http://{settings.http_host}:{settings.http_port}"})
        gc.collect()
        gc.freeze()
        # Most objects of a request end with it: looking for rings of them after every 700 costs more than it finds.
        gc.set_threshold(YOUNG, 10, 10)
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
    log.info("stopped")
    return 0
