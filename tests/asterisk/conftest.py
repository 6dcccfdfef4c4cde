"""A real Asterisk for all tests in this folder: ``line`` is started once, and tidied up after each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support import line as lines
from tests.support.line import Line


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a real Asterisk."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asterisk)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Line]:
    """A running Asterisk with the test business, for the whole session."""
    line = lines.prepare(tmp_path_factory.mktemp("line"))
    try:
        await line.runner.start()
        yield line
    finally:
        await line.runner.stop()
        lines.remove(line)


@pytest_asyncio.fixture
async def line(asterisk: Line) -> AsyncIterator[Line]:
    """The running Asterisk, without calls, phones and queue members of other tests."""
    asterisk.clear_recordings()
    yield asterisk
    await asterisk.tidy()
