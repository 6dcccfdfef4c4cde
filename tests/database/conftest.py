"""What all tests with a database share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from callcenter.telephony.asterisk import prompts


@pytest.fixture(scope="session", autouse=True)
def _speechless() -> Iterator[None]:
    """No test here hears the stock prompts, and to speak all of them takes ten seconds of a processor.

    For the whole session: servers still write their configuration while a test's own patches are undone.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompts, "make", lambda instance, progress: 0)
        yield
