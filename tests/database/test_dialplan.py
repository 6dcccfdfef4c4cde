"""Asterisk's configuration follows the database: what is gathered, what is read again, what is said when it fails."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from callcenter.core.errors import Unavailable
from callcenter.core.events import Alert, ConfigChanged, LinkChanged
from callcenter.features.agents import api as agents
from callcenter.features.dialplan import api, handlers
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.models import Trunk
from callcenter.features.queues import api as queues
from callcenter.plugin import Services
from callcenter.telephony.asterisk.instance import Instance
from tests.support.house import NOW, FakeTelephony, House


@pytest.fixture
def ready(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Services whose Asterisk runs elsewhere and shares a folder; commands to it are written down."""
    services.settings = msgspec.structs.replace(services.settings, asterisk_dir=tmp_path / "asterisk")
    said: list[str] = []

    async def command(line: str) -> list[str]:
        if not services.telephony.up:
            raise Unavailable("away")
        said.append(line)
        return []

    monkeypatch.setattr(services.telephony.gateway, "command", command)
    services.part(_Said, lambda _: _Said()).lines = said
    return services


class _Said:
    lines: list[str]


def said(services: Services) -> list[str]:
    """What Asterisk was told since the last look."""
    lines = services.part(_Said, lambda _: _Said()).lines
    found, lines[:] = list(lines), []
    return found


def file(services: Services, name: str) -> str:
    """A rendered file."""
    return (Instance.from_settings(services.settings).etc / name).read_text("utf-8")


async def furnish(services: Services, business_id: int) -> dict[str, int]:
    """A queue, a menu that leads into it, and a number that leads into the menu."""
    async with services.db.business(business_id) as session:
        queue = await queues.create(session, business_id=business_id, name="Продажи; [x]", at=NOW)
        menu = await ivr.create_menu(session, business_id=business_id, name="Меню", prompt="demo-support", at=NOW)
        number = await numbers.create_number(
            session,
            business_id=business_id,
            e164="+74951234567",
            title="Линия",
            target_kind="menu",
            target_id=menu.id,
            at=NOW,
        )
        trunk = await numbers.create_trunk(session, business_id=business_id, name="T", host="192.0.2.1", at=NOW)
    return {
        "queue": queue.id,
        "menu": menu.id,
        "number": number.id,
        "trunk": trunk,
    }


def changed(business_id: int) -> ConfigChanged:
    """The event that every change of the configuration publishes."""
    return ConfigChanged(at=0.0, business_id=business_id, what="numbers")


async def test_what_is_in_the_database_reaches_asterisk(ready: Services, house: House) -> None:
    business = house.businesses["a"]
    ids = await furnish(ready, business)
    await handlers.on_config(ready, changed(business))
    dialplan = file(ready, "extensions.conf")
    assert f"[trunk-{ids['trunk']}]" in dialplan
    assert f"exten => 84951234567,1,Goto(number-{ids['number']},s,1)" in dialplan
    assert f"Goto(menu-{ids['menu']},s,1)" in dialplan
    assert f"[q{ids['queue']}]" in file(ready, "queues.conf")
    async with ready.db.system() as session:
        phones = [phone for one in await agents.for_rendering(session) for phone in one.devices]
    assert phones
    for phone in phones:
        assert f"[{phone.endpoint}]" in file(ready, "pjsip.conf")
        assert phone.password in file(ready, "pjsip.conf")
    assert "dialplan reload" in said(ready)


async def test_only_what_changed_is_read_again(ready: Services, house: House) -> None:
    await handlers.on_config(ready, changed(1))
    said(ready)
    await handlers.on_config(ready, changed(1))
    assert said(ready) == []
    async with ready.db.business(1) as session:
        await queues.create(session, business_id=1, name="Neu", at=NOW)
    await handlers.on_config(ready, changed(1))
    assert sorted(said(ready)) == ["dialplan reload", "queue reload all"]


async def test_changes_made_while_asterisk_is_away_are_read_when_it_is_back(ready: Services, house: House) -> None:
    await handlers.on_config(ready, changed(1))
    said(ready)
    assert isinstance(ready.telephony, FakeTelephony)
    ready.telephony.is_up = False
    ids = await furnish(ready, 1)
    await handlers.on_config(ready, changed(1))
    assert said(ready) == []
    assert f"[q{ids['queue']}]" in file(ready, "queues.conf")
    ready.telephony.is_up = True
    await handlers.on_link(ready, LinkChanged(at=0.0, up=True))
    assert "queue reload all" in said(ready)


async def test_a_value_that_asterisk_cannot_take_raises_an_alert_until_it_is_mended(
    ready: Services, house: House
) -> None:
    alerts: list[Alert] = []
    ready.bus.listen(Alert, alerts.append)
    await handlers.on_config(ready, changed(1))
    before = file(ready, "extensions.conf")
    async with ready.db.business(1) as session:
        trunk = await numbers.create_trunk(session, business_id=1, name="T", host="good.example", at=NOW)
    await _set_host(ready, trunk, "bad host\nallow=all")
    await handlers.on_config(ready, changed(1))
    assert [(alert.key, alert.active) for alert in alerts] == [("dialplan", True)]
    assert "bad host" in str(alerts[0].values["reason"])
    # What worked before still works.
    assert file(ready, "extensions.conf") == before
    await _set_host(ready, trunk, "good.example")
    await handlers.on_config(ready, changed(1))
    assert [(alert.key, alert.active) for alert in alerts] == [("dialplan", True), ("dialplan", False)]


async def _set_host(services: Services, trunk_id: int, host: str) -> None:
    async with services.db.business(1) as session:
        await session.execute(update(Trunk).where(Trunk.id == trunk_id).values(host=host))


async def test_the_directory_follows_the_database(ready: Services, house: House) -> None:
    ids = await furnish(ready, 1)
    await handlers.on_config(ready, changed(1))
    directory = ready.telephony.directory
    assert directory.queues[ids["queue"]].name == "Продажи; [x]"
    assert directory.numbers[ids["number"]].e164 == "+74951234567"
    assert directory.trunks[ids["trunk"]].business_id == 1
    assert directory == await api.load_directory(ready.db)
