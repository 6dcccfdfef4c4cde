"""Structured logs: one JSON object a line, with the call's or request's id where it is known."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_KNOWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
# A last resort: whoever logs should leave secrets out, and nearly always does.
_SECRET = re.compile(
    r"(?i)((?:password|passwd|secret|authorization|cookie|token|csrf)['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s,'\"&;]+"
)
_TOKEN = re.compile(r"\bcc_[A-Za-z0-9_-]{20,}")


def clean(text: str) -> str:
    """``text`` with anything that looks like a secret blotted out."""
    return _TOKEN.sub("cc_…", _SECRET.sub(r"\1…", text))


class JsonFormatter(logging.Formatter):
    """``{"at", "level", "from", "text", …}``; what was given as ``extra`` stands beside it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": clean(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _KNOWN and value is not None:
                line[name] = value if isinstance(value, int | float | bool) else clean(str(value))
        if record.exc_info:
            line["error"] = clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(level: str) -> None:
    """Sends every log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if level.upper() in logging.getLevelNamesMapping() else "INFO")
    for noisy in ("aiosqlite", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
