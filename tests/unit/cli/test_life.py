"""Start and stop: in order, backwards, also when a part fails."""

from __future__ import annotations

import asyncio
import pkgutil
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

import callcenter.features
from callcenter import app as composition
from callcenter.core.events import LinkChanged
from callcenter.plugin import Feature, Job, Services, Subscription


def feature(name: str, said: list[str], **more: Any) -> Feature:
    async def start(services: Services) -> None:
        said.append(f"start {name}")

    async def stop(services: Services) -> None:
        said.append(f"stop {name}")

    return Feature(name=name, on_start=start, on_stop=stop, **more)


async def test_parts_start_in_order_and_stop_backwards(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def note(what: Any, name: str, word: str) -> None:
        inner = getattr(what, name)

        async def noted() -> None:
            said.append(word)
            await inner()

        monkeypatch.setattr(what, name, noted)

    note(services.telephony, "start", "start telephony")
    note(services.telephony, "stop", "stop telephony")
    note(services.live, "start", "start live")
    note(services.live, "stop", "stop live")
    features = [feature("a", said), feature("b", said)]
    app = composition.create_app(services.settings, services=services, features=features)
    client = TestClient(TestServer(app))
    await client.start_server()
    assert said == ["start a", "start b", "start live", "start telephony"]
    await client.close()
    assert said[4:] == ["stop live", "stop telephony", "stop b", "stop a"]


async def test_a_feature_that_cannot_start_stops_the_others(services: Services) -> None:
    said: list[str] = []

    async def fail(services: Services) -> None:
        raise RuntimeError("no")

    features = [feature("a", said), Feature(name="bad", on_start=fail)]
    app = composition.create_app(services.settings, services=services, features=features)
    client = TestClient(TestServer(app))
    with pytest.raises(RuntimeError):
        await client.start_server()
    await client.close()
    assert said == ["start a", "stop a"]


async def test_a_job_that_fails_runs_again(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    ran = asyncio.Event()
    times = 0

    async def work(services: Services) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise RuntimeError("first time")
        ran.set()

    app = composition.create_app(
        services.settings, services=services, features=[Feature(name="a", jobs=(Job("work", work, every=0.01),))]
    )
    client = TestClient(TestServer(app))
    await client.start_server()
    await asyncio.wait_for(ran.wait(), 5)
    await client.close()
    assert "job work failed" in caplog.text


async def test_subscriptions_get_services_and_events(services: Services) -> None:
    seen: list[bool] = []

    async def on_link(given: Services, event: LinkChanged) -> None:
        assert given is services
        seen.append(event.up)

    features = [Feature(name="a", subscriptions=(Subscription(LinkChanged, on_link, "a"),))]
    app = composition.create_app(services.settings, services=services, features=features)
    client = TestClient(TestServer(app))
    await client.start_server()
    services.bus.publish(LinkChanged(at=0.0, up=True))
    await services.bus.settle()
    await client.close()
    assert seen == [True]


def test_every_feature_is_there() -> None:
    folders = {m.name for m in pkgutil.iter_modules(callcenter.features.__path__) if m.ispkg}
    assert sorted(feature.name for feature in composition.FEATURES) == sorted(folders)
