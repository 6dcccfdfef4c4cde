"""Documents of clients on the disk, put there in the product's own way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from callcenter.features.contacts import gateway


async def keep(data: Path, business_id: int, content: bytes = b"secret") -> tuple[str, Path]:
    """Keeps a file; its name in the tables, and where it lies."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    name, _ = await gateway.keep(data, business_id, chunks())
    return name, gateway.place(data, business_id, name)
