"""``dialplan`` and ``asterisk``: Asterisk's configuration from the database, and Asterisk itself in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from callcenter import app as composition
from callcenter.config import Settings
from callcenter.features.dialplan import api
from callcenter.telephony.asterisk import provision
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import Runner
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import ModelError


async def dialplan(settings: Settings, args: argparse.Namespace) -> int:
    """Writes Asterisk's configuration; a running Asterisk of ours reads what changed."""
    try:
        changed = await _write(settings)
        print(f"changed: {', '.join(changed)}" if changed else "nothing changed")
        instance = Instance.from_settings(settings)
        runner = Runner(instance)
        if changed and instance.installation.kind != "external" and runner.left_behind():
            await apply.reload(runner.rx, changed)
            print("Asterisk has read it" + ("; restart it for the rest" if apply.needs_restart(changed) else ""))
    except (AsteriskError, ModelError, OSError) as error:
        return _fail(error)
    return 0


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Runs Asterisk until Ctrl-C or SIGTERM, or until it ends by itself (then the exit code is 1)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await asyncio.to_thread(provision.ensure, settings, print)
        await _write(settings)
        runner = Runner(Instance.from_settings(settings))
        await runner.start()
    except (AsteriskError, ModelError, OSError) as error:
        return _fail(error)
    print(f"Asterisk runs (process {runner.pid})", flush=True)
    ended, stopped = asyncio.create_task(runner.wait()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return 0 if stopped.done() else _fail(f"Asterisk ended by itself:\n{runner.log_tail()}")
    finally:
        stopped.cancel()
        await runner.stop()


async def _write(settings: Settings) -> list[str]:
    db = await composition.open_database(settings)
    try:
        return await api.write_config(settings, db)
    finally:
        await db.close()


def _fail(error: object) -> int:
    print(f"callcenter: {error}", file=sys.stderr)
    return 1
