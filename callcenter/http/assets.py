"""Static files: ``/static/…`` from ``web/static``, kept by browsers for a year when their address names the content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aiohttp import web

_YEAR = "public, max-age=31536000, immutable"


class Assets:
    """Finds files, makes addresses with a content hash, serves both the hashed and the plain address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._hashes: dict[str, tuple[int, int, str]] = {}

    def url(self, name: str) -> str:
        """``app.js`` → ``/static/app.js?v=1a2b3c4d5e``; a file that is not there keeps its plain address."""
        found = self.hash(name)
        return f"/static/{name}?v={found}" if found else f"/static/{name}"

    def hash(self, name: str) -> str:
        """Ten hex digits of the content, empty when there is no such file; read again only after a change."""
        path = self.find(name)
        if path is None:
            return ""
        stat = path.stat()
        known = self._hashes.get(name)
        if known and known[:2] == (stat.st_mtime_ns, stat.st_size):
            return known[2]
        made = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        self._hashes[name] = (stat.st_mtime_ns, stat.st_size, made)
        return made

    def find(self, name: str) -> Path | None:
        """The file, or None when it is not there or not inside the folder."""
        if "\x00" in name:
            return None
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder) or not path.is_file():
            return None
        return path

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers ``/static/{name}``: immutable under its hash, else revalidated by ETag."""
        name = request.match_info["name"]
        path = self.find(name)
        if path is None:
            raise web.HTTPNotFound
        known = request.query.get("v")
        cache = _YEAR if known and known == self.hash(name) else "no-cache"
        return web.FileResponse(path, headers={"Cache-Control": cache})
