"""Records the scenarios anew: ``python -m tests.traces.record [name …]``. Needs a real Asterisk; takes two minutes."""

from __future__ import annotations

import asyncio
import gzip
import sys
import tempfile
from pathlib import Path

from tests.traces import replay
from tests.traces.scenarios import EXPECTED, SCENARIOS
from tests.traces.world import world


async def record(names: list[str]) -> int:
    """Records the scenarios and says which calls are not what they should be; the number of those."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as line:
            for name in names:
                line.forget()
                # Wrap-up of a second in the queues.
                await asyncio.sleep(1.2)
                await SCENARIOS[name](line)
                await line.quiet()
                raw = line.stream.take()
                (replay.HERE / f"{name}.ami.gz").write_bytes(gzip.compress(raw, 9, mtime=0))
                (replay.HERE / f"{name}.cel.gz").write_bytes(gzip.compress(line.records(), 9, mtime=0))
                calls = replay.ended(replay.replay(replay.split(raw)))
                found = [
                    difference
                    for call, expected in zip(calls, EXPECTED[name], strict=False)
                    for difference in replay.differences(call, expected)
                ]
                if len(calls) != len(EXPECTED[name]):
                    found.append(f"{len(calls)} calls: {[replay.story(call) for call in calls]}")
                wrong += bool(found)
                print(f"{name}: {'; '.join(found) or 'as expected'}")
    return wrong


if __name__ == "__main__":
    sys.exit(asyncio.run(record(sys.argv[1:] or list(SCENARIOS))))
