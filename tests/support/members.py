"""Asterisk's queue members, asked for past the product."""

from __future__ import annotations

import asyncio
import re

from callcenter.telephony.asterisk.instance import Instance
from tests.support.stack import Stack


def members(stack: Stack) -> dict[str, bool]:
    """Asterisk's own queue members of the sales and other queues: interface → whether it is paused (in all of them)."""
    password = Instance.from_settings(stack.settings).ami_password

    async def ask() -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.settings.ami_port)
        try:
            for action in (
                f"Action: Login\r\nUsername: callcenter\r\nSecret: {password}\r\nEvents: off\r\n\r\n",
                "Action: QueueStatus\r\n\r\n",
            ):
                writer.write(action.encode())
            async with asyncio.timeout(10):
                return (await reader.readuntil(b"Event: QueueStatusComplete")).decode()
        finally:
            writer.close()

    try:
        text = stack.outside.do(ask())
    except OSError:
        return {}
    found: dict[str, bool] = {}
    for block in text.split("\r\n\r\n"):
        fields = dict(re.findall(r"^(\w+): (.*?)\r?$", block, re.M))
        if fields.get("Event") == "QueueMember":
            found[fields["Location"]] = fields["Paused"] == "1" and found.get(fields["Location"], True)
    return found
