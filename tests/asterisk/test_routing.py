"""Versions of the routing on a real Asterisk: applied as a whole, confirmed, tried by a call, or rolled back."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.core.errors import Conflict
from callcenter.core.events import CallEnded, CallUpdated, Event
from callcenter.features.agents import api as agents
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.models import RoutingVersion
from callcenter.features.dialplan.usecases import applying, drafts, rendering, staging
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.models import Number, Trunk
from callcenter.features.queues import api as queues
from callcenter.http.current import Current
from callcenter.live.service import Live
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.config import apply
from callcenter.telephony.config.render import render
from callcenter.telephony.service import Account, Telephony
from tests.support.house import House
from tests.support.line import GREETING_HZ, Line
from tests.support.telephone import Telephone
from tests.support.wait import until

NUMBER = "+74950000031"


@dataclasses.dataclass
class Office:
    """A business whose calls go over the real Asterisk, and the ids of what it has."""

    services: Services
    line: Line
    business_id: int
    number: int
    queue: int
    menu: int
    agent: int
    trunk: int
    events: list[Event]

    async def apply(self) -> RoutingVersion:
        """Applies the draft."""
        return await staging.apply_draft(self.services, self.business_id, user_id=None, by="Tester")

    async def set(self, kind: Any, row_id: int, **values: Any) -> None:
        """Changes the draft."""
        async with self.services.db.business(self.business_id) as session:
            await session.execute(update(kind).where(kind.id == row_id).values(**values))

    async def newest(self) -> RoutingVersion:
        """The newest version."""
        async with self.services.db.business(self.business_id) as session:
            found = await queries.version(session, await queries.last_number(session))
        assert found is not None
        return found

    async def own(self, text: str) -> None:
        """Changes the draft of the own dialplan."""
        async with self.services.db.business(self.business_id) as session:
            await drafts.set_own(session, self.business_id, text)

    def file(self, name: str = "extensions.conf") -> str:
        """What Asterisk's file says."""
        return (self.line.instance.etc / name).read_text("utf-8")

    def context(self) -> str:
        """The number's own part of it."""
        return self.file().split(f"[number-{self.number}]")[1].split("\n[")[0]

    async def agent_phone(self) -> Telephone:
        """The employee's telephone, signed in and in the queue."""
        async with self.services.db.system() as session:
            (found,) = [one for one in await agents.for_rendering(session) if one.agent.id == self.agent]
        sip = next(phone for phone in found.devices if phone.kind == "sip")
        phone = await Telephone.start(sip.endpoint, self.line.sip_port, password=sip.password)
        self.line.phones.append(phone)
        await phone.register()
        await self.line.rx(f"queue add member PJSIP/{sip.endpoint} to q{self.queue}")
        return phone


@pytest.fixture
async def office(line: Line, db: Database, house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """A business with a trunk, a number with a greeting, a queue and a menu, all of it live."""
    # Speaking all prompts takes seconds; those that are heard here are tones.
    monkeypatch.setattr(prompts, "make", lambda instance, progress: 0)
    bus, clock = Bus(), SystemClock()
    events: list[Event] = []
    bus.listen(CallUpdated, events.append)
    bus.listen(CallEnded, events.append)
    account = Account(port=line.settings.ami_port, secret=line.instance.ami_password)
    telephony = Telephony(account, bus, clock)
    services = Services(settings=line.settings, db=db, bus=bus, clock=clock, live=Live(bus, clock), telephony=telephony)
    business, now = house.businesses["a"], clock.now()
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    async with db.business(business) as session:
        trunk = await numbers.create_trunk(
            session,
            business_id=business,
            name="Carrier",
            host="127.0.0.1",
            port=line.settings.demo_carrier_port,
            at=now,
        )
        queue = await queues.create(session, business_id=business, name="Sales", at=now)
        await queues.set_members(session, queue.id, [agent])
        menu = await ivr.create_menu(
            session, business_id=business, name="Menu", prompt="test-menu", at=now, keys={"4": ("queue", queue.id)}
        )
        number = await numbers.create_number(
            session, business_id=business, e164=NUMBER, greeting="test-greeting", target_id=queue.id, at=now
        )
    await telephony.start()
    await until(lambda: telephony.up, what="the link is up")
    await rendering.refresh_directory(services)
    await rendering.apply_changes(services)
    yield Office(services, line, business, number.id, queue.id, menu.id, agent, trunk, events)
    # Telephones sign off while Asterisk still knows them.
    await line.tidy()
    await telephony.stop()
    await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


@pytest.mark.rule("DPL-02")
@pytest.mark.rule("DPL-05")
async def test_a_draft_is_applied_as_a_whole_and_tried_by_a_call_that_rings_nobody(office: Office) -> None:
    phone = await office.agent_phone()
    await office.set(Number, office.number, target_kind="menu", target_id=office.menu)
    assert f"Goto(menu-{office.menu},s,1)" not in office.context()
    version = await office.apply()
    assert (version.number, version.state, version.reason) == (2, "applied", "")
    assert f"Goto(menu-{office.menu},s,1)" in office.context()
    assert version.canary["steps"] == [
        ["prompt", "test-greeting"],
        ["menu", str(office.menu)],
        ["key", "4"],
        ["ring", f"q{office.queue}"],
    ]
    assert "fault" not in version.canary
    assert phone.ringing.empty()
    assert office.events == [], "the test call is no call of the house"
    assert "0 active channels" in await office.line.rx("core show channels count")
    assert not list(office.line.instance.recordings.glob("*.wav"))


@pytest.mark.rule("DPL-02")
async def test_calls_that_go_on_hear_nothing_of_an_apply(office: Office) -> None:
    phone = await office.agent_phone()
    client = await office.line.client("79160000031", tone=440)
    call = client.call(NUMBER)
    ringing = await phone.incoming()
    ringing.answer()
    await phone.hears(440, 0.5)
    await office.set(Number, office.number, greeting="")
    await office.apply()
    phone.forget()
    await phone.hears(440, 0.5)
    assert not call.states["ended"].is_set()
    call.bye()
    await ringing.until("ended")


@pytest.mark.rule("DPL-05")
async def test_a_test_call_that_goes_wrong_rolls_the_version_back(office: Office) -> None:
    before = office.file()
    await office.set(Number, office.number, greeting="no-such-sound")
    # Whoever does not know which sounds there are finds no fault; the test call does.
    known = {"no-such-sound", "test-greeting", "test-menu"}
    office.services.parts.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("callcenter.features.dialplan.usecases.checking.known_prompts", lambda *_: frozenset(known))
        with pytest.raises(Conflict) as refused:
            await office.apply()
    assert refused.value.error_code == "rolled_back"
    version = await office.newest()
    assert (version.state, version.reason) == ("rolled_back", "The test call failed: %(reason)s")
    assert office.file() == before
    client = await office.line.client("79160000032")
    client.call(NUMBER)
    await client.hears(GREETING_HZ, 0.4)


@pytest.mark.rule("DPL-02")
async def test_what_asterisk_does_not_understand_is_rolled_back_with_its_line(office: Office) -> None:
    before = office.file()
    name = f"own-{office.business_id}-test"
    # Two steps with one number: what only Asterisk itself knows to be wrong.
    await office.own(f"[{name}]\nexten => 1,1,NoOp()\nexten => 1,1,Answer()\n")
    with pytest.raises(Conflict) as refused:
        await office.apply()
    assert refused.value.error_code == "rolled_back"
    version = await office.newest()
    assert version.reason.startswith("Asterisk does not understand line")
    assert version.reason_values["line"] == 3
    assert office.file() == before
    assert name not in await office.line.rx("dialplan show")


@pytest.mark.rule("DPL-02")
async def test_a_reload_that_asterisk_refuses_leaves_the_former_dialplan(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.file()
    rendered = rendering.rendered

    def broken(*given: Any, **more: Any) -> dict[str, str]:
        files = rendered(*given, **more)
        files["extensions.conf"] += "\n[cc-broken\nexten => s,1,NoOp()\n"
        return files

    monkeypatch.setattr(rendering, "rendered", broken)
    await office.set(Number, office.number, greeting="")
    with pytest.raises(Conflict) as refused:
        await office.apply()
    assert refused.value.error_code == "rolled_back"
    assert office.file() == before
    assert "Playback" in await office.line.rx("dialplan show cc-play")
    client = await office.line.client("79160000033")
    client.call(NUMBER)
    await client.hears(GREETING_HZ, 0.4)


@pytest.mark.rule("DPL-02")
async def test_a_line_that_asterisk_does_not_have_afterwards_is_missed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.file("pjsip.conf")
    rendered = rendering.rendered

    def broken(*given: Any, **more: Any) -> dict[str, str]:
        files = rendered(*given, **more)
        head = f"[t{office.trunk}]\ntype = endpoint\n"
        files["pjsip.conf"] = files["pjsip.conf"].replace(head, f"{head}no_such_option = 1\n")
        return files

    monkeypatch.setattr(rendering, "rendered", broken)
    await office.set(Trunk, office.trunk, port=5099)
    with pytest.raises(Conflict) as refused:
        await office.apply()
    assert "lines are missing: Carrier" in str(refused.value)
    assert (await office.newest()).reason_values["names"] == "Carrier"
    assert office.file("pjsip.conf") == before
    assert f"t{office.trunk}" in await office.line.rx(f"pjsip show endpoint t{office.trunk}")


@pytest.mark.rule("DPL-02")
async def test_a_server_that_dies_in_an_apply_leaves_the_former_version_at_its_next_start(office: Office) -> None:
    before = office.file()
    await office.set(Number, office.number, greeting="")

    async def never(*_: Any, **__: Any) -> Any:
        raise asyncio.CancelledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applying, "_confirm", never)
        patch.setattr(applying, "_restore", never)
        with pytest.raises(asyncio.CancelledError):
            await office.apply()
    assert office.file() != before
    assert (await office.newest()).state == "applying"
    # The next process.
    office.services.parts.clear()
    await applying.recover(office.services)
    await rendering.apply_changes(office.services)
    assert (await office.newest()).state == "rolled_back"
    assert office.file() == before
    client = await office.line.client("79160000034")
    client.call(NUMBER)
    await client.hears(GREETING_HZ, 0.4)


@pytest.mark.rule("DPL-01")
async def test_own_dialplan_is_dialled_by_phones_and_survives_applies_and_restarts(office: Office) -> None:
    own = f"own-{office.business_id}-phones"
    await office.own(
        f"[{own}]\nexten => *91,1,Answer()\n same => n,Playback(prompt:test-greeting)\n same => n,Hangup()\n"
    )
    await office.apply()
    await office.set(Number, office.number, greeting="")
    await office.apply()
    assert own in office.file()
    phone = await office.agent_phone()
    phone.call("*91")
    await phone.hears(GREETING_HZ, 0.4)
    office.services.parts.clear()
    await rendering.apply_changes(office.services)
    assert own in await office.line.rx(f"dialplan show {own}")


@pytest.mark.rule("DPL-03")
async def test_an_earlier_version_is_brought_back(office: Office, house: House) -> None:
    await office.set(Number, office.number, target_kind="menu", target_id=office.menu)
    await office.apply()
    owner = house.people["owner@a"]
    person = Current(
        user_id=owner.user_id,
        email=owner.email,
        name="Owner",
        business_id=owner.business_id,
        business_name="A",
        membership_id=owner.membership_id,
        role="owner",
        permissions=frozenset(),
        agent_id=None,
        language="en",
        timezone="UTC",
        theme="auto",
        via="token",
    )
    version = await staging.bring_back(office.services, person, 1)
    assert version is not None
    assert version.number == 3
    assert f"Goto(queue-{office.queue},s,1)" in office.context()
    async with office.services.db.business(office.business_id) as session:
        found = await numbers.get(session, office.number)
    assert found is not None
    assert (found.target_kind, found.target_id) == ("queue", office.queue)
