"""Pages that look at the live stream: real connections to the running server, read by a process of their own.

They read and throw away, so that what a measurement sees is the server's work and not that of two hundred browsers.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

_READER = """
import asyncio, json, os, sys
port, tokens = json.loads(sys.stdin.readline())
seen = {"open": 0, "bytes": 0, "lost": 0}
async def page(token):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    who = token if ": " in token else f"Authorization: Bearer {token}"
    head = ("GET /api/v1/events HTTP/1.1", "Host: 127.0.0.1", who)
    writer.write("".join(line + "\\r\\n" for line in (*head, "")).encode())
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    if b" 200 " not in head.split(b"\\r\\n")[0]:
        raise RuntimeError(f"the stream was refused: {head[:80]!r}")
    await reader.readuntil(b"event: snapshot")
    seen["open"] += 1
    if seen["open"] == len(tokens):
        print("ready", flush=True)
    while data := await reader.read(262144):
        seen["bytes"] += len(data)
    seen["lost"] += 1
async def main():
    pages = [asyncio.create_task(page(token)) for token in tokens]
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([*pages, ended], return_when=asyncio.FIRST_COMPLETED)
    failed = [task.exception() for task in pages if task.done() and task.exception()]
    print(failed[0] if failed else json.dumps(seen), flush=True)
    # The thread that waits for the end of our input would hold us up.
    os._exit(0)
asyncio.run(main())
"""


class Pages:
    """Open streams; ``seen`` after the end: how many were open, the bytes that they read, how many were lost."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: dict[str, int] = {}


@contextlib.contextmanager
def open_pages(port: int, tokens: Sequence[str], count: int) -> Iterator[Pages]:
    """``count`` streams, shared out among the people whose ``tokens`` are given; all have their snapshot.

    In place of a bearer token a whole header can be given: ``Cookie: …``.
    """
    shared = [tokens[n % len(tokens)] for n in range(count)]
    process = subprocess.Popen(
        [sys.executable, "-c", _READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    pages = Pages(process)
    try:
        process.stdin.write(json.dumps([port, shared]) + "\n")
        process.stdin.flush()
        if (said := process.stdout.readline().strip()) != "ready":
            raise RuntimeError(f"the pages' streams could not be opened: {said}")
        yield pages
        process.stdin.close()
        pages.seen = json.loads(process.stdout.readline() or "{}")
    finally:
        process.kill()
        process.wait()
