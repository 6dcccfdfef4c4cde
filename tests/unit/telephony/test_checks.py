"""The checks of a routing and the choice of a test call: what would leave a caller alone is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from callcenter.telephony.config import checks, trial
from callcenter.telephony.config.findings import errors
from callcenter.telephony.config.model import (
    ENDLESS,
    Agent,
    Business,
    Device,
    Forward,
    Hours,
    Key,
    Menu,
    Model,
    Number,
    Queue,
    SpecialDay,
    System,
    Target,
    Trunk,
)
from callcenter.telephony.config.simulate import Step

SYSTEM = System(name="x", folder="/x", run_dir="/x", modules_dir="/x", data_dir="/x", ami_password="x")
QUEUE, AGENT = Target(kind="queue", id=7), Target(kind="agent", id=12)
OFFICE = Hours(zones=("UTC",), week=(((540, 1080),),) * 5 + ((), ()))
NOW = datetime(2026, 3, 7, 20, 0, tzinfo=UTC)  # A Saturday, closed.


def menu(number: int = 2, **more: Any) -> Menu:
    given: dict[str, Any] = {"prompt": "hello", "timeout": QUEUE, "keys": (Key(key="1", target=QUEUE),)} | more
    return Menu(id=number, business_id=1, name=f"Menu {number}", **given)


def number(**more: Any) -> Number:
    return Number(**{"id": 5, "business_id": 1, "e164": "+74951234567", "target": QUEUE, "trunk_id": 3} | more)


def model(*, numbers: Any = None, menus: Any = (), **more: Any) -> Model:
    base = Model(
        system=SYSTEM,
        businesses=(Business(id=1), Business(id=2)),
        trunks=(Trunk(id=3, business_id=1, name="T", host="192.0.2.1"),),
        numbers=(number(),) if numbers is None else numbers,
        menus=menus,
        queues=(Queue(id=7, business_id=1, name="Sales"), Queue(id=9, business_id=2, name="Other")),
        agents=(
            Agent(id=12, business_id=1, name="Anna", short_number="112", devices=(Device(kind="sip", password="p"),)),
            Agent(id=13, business_id=1, name="Boris", short_number="113"),
        ),
    )
    return replace(base, **more)


def found(given: Model, **more: Any) -> list[tuple[str, str, str]]:
    known = {"prompts": {"hello"}, "members": {7: 1}} | more
    return [(one.severity, one.section, one.text) for one in checks.check(given, 1, **known)]


def test_a_sound_routing_has_no_finding() -> None:
    assert found(model(numbers=(number(menu_id=2, hours=OFFICE, closed="hello"),), menus=(menu(),))) == []


@pytest.mark.rule("DPL-02")
@pytest.mark.parametrize(
    ("given", "severity", "text"),
    [
        # A deleted queue that a key still points to, and one of another company.
        (
            model(menus=(menu(keys=(Key(key="1", target=Target(kind="queue", id=404)),)),)),
            "error",
            checks.GONE["queue"],
        ),
        (model(numbers=(number(target=Target(kind="queue", id=9)),)), "error", checks.GONE["queue"]),
        (model(numbers=(number(target=Target(kind="agent", id=99)),)), "error", checks.GONE["agent"]),
        (model(numbers=(number(target=Target(kind="menu", id=99)),)), "error", checks.GONE["menu"]),
        (model(numbers=(number(menu_id=99),)), "error", checks.FIRST_MENU_GONE),
        (model(menus=(menu(timeout=Target(kind="menu", id=2)),)), "error", checks.SELF_ON_NOTHING),
        (
            model(menus=(menu(2, timeout=Target(kind="menu", id=3)), menu(3, timeout=Target(kind="menu", id=2)))),
            "error",
            checks.ROUND,
        ),
        (
            model(menus=(menu(repeats=ENDLESS, keys=(Key(key="1", target=Target(kind="menu", id=2)),)),)),
            "error",
            checks.CAPTIVE,
        ),
        (model(menus=(menu(repeats=ENDLESS, keys=()),)), "error", checks.ENDLESS_MENU),
        (model(menus=(menu(keys=(Key(key="1", target=QUEUE), Key(key="1", target=AGENT))),)), "error", checks.TWICE),
        (model(menus=(menu(keys=(Key(key="A", target=QUEUE),)),)), "error", checks.WRONG_KEY),
        (model(menus=(menu(prompt="lost"),)), "error", checks.NO_PROMPT),
        (model(numbers=(number(greeting="lost"),)), "error", checks.NO_PROMPT),
        (model(numbers=(number(hours=OFFICE),)), "error", checks.CLOSED_SILENT),
        (
            model(numbers=(number(hours=replace(OFFICE, week=(((540, 720), (700, 1080)),) * 7), closed="hello"),)),
            "error",
            checks.OVERLAP,
        ),
        (
            model(numbers=(number(hours=replace(OFFICE, week=(((1080, 540),),) * 7), closed="hello"),)),
            "error",
            checks.NO_SPAN,
        ),
        (
            model(businesses=(Business(id=1, days=(SpecialDay(day=date(2026, 5, 9), spans=((0, 60), (30, 90))),)),)),
            "error",
            checks.SPECIAL_OVERLAP,
        ),
        (
            model(numbers=(number(hours=Hours(zones=("UTC",), week=((),) * 7), closed="hello"),)),
            "warning",
            checks.NEVER_OPEN,
        ),
        (model(numbers=(number(trunk_id=404),)), "error", checks.NO_TRUNK),
        (model(trunks=(), numbers=(number(trunk_id=None),)), "warning", checks.NO_TRUNKS),
        (model(numbers=(number(target=Target(kind="agent", id=13)),)), "error", checks.NO_PHONE),
        (
            model(queues=(Queue(id=7, business_id=1, name="Sales", overflow=QUEUE),)),
            "error",
            checks.OVERFLOW_ROUND,
        ),
        (model(numbers=(number(target=Target(kind="external")),)), "error", checks.GONE["external"]),
        (
            model(trunks=(), numbers=(number(trunk_id=None, target=Target(kind="external", number="+79161234567")),)),
            "error",
            checks.NO_WAY_OUT,
        ),
    ],
)
def test_what_would_leave_a_caller_alone_is_named(given: Model, severity: str, text: str) -> None:
    assert (severity, text) in {(one, said) for one, _, said in found(given)}


def test_a_number_that_nobody_serves_is_warned_of_unless_something_is_arranged() -> None:
    assert found(model(), members={}) == [("warning", "numbers", checks.NOBODY)]
    assert found(model(numbers=(number(nobody="hello"),)), members={}) == []
    forward = Forward(numbers=("+79161234567",))
    assert found(model(numbers=(number(forward=forward),)), members={}) == []


def test_faults_of_another_business_are_not_ours() -> None:
    other = replace(number(), id=6, business_id=2, target=Target(kind="queue", id=404), trunk_id=None)
    assert found(model(numbers=(number(), other))) == []
    assert len(errors(checks.check(model(numbers=(number(), other)), 2))) == 1


@pytest.mark.rule("DPL-05")
def test_the_test_call_goes_through_a_menu_at_an_open_time_and_ends_at_the_ring() -> None:
    given = model(
        numbers=(number(hours=OFFICE, closed="hello", greeting="hello", target=Target(kind="menu", id=2)),),
        menus=(
            menu(
                keys=(Key(key="9", target=Target(kind="external", number="+79161234567")), Key(key="3", target=AGENT))
            ),
        ),
    )
    plan = trial.plan(given, 1, NOW)
    assert plan is not None
    assert (plan.number_id, plan.keys) == (5, ("3",))
    assert plan.at.strftime("%A %H:%M") == "Monday 09:00"
    assert plan.steps == (Step("prompt", "hello"), Step("menu", "2"), Step("key", "3"), Step("ring", "a12"))
    assert trial.plan(model(numbers=()), 1, NOW) is None


def test_a_number_that_was_changed_is_called_before_others() -> None:
    given = model(numbers=(number(), number(id=6, e164="+74951234568", target=AGENT)))
    plan = trial.plan(given, 1, NOW, changed={6})
    assert plan is not None
    assert (plan.number_id, plan.steps[-1]) == (6, Step("ring", "a12"))


@pytest.mark.rule("DPL-05")
def test_what_a_test_call_met_is_held_against_what_it_should() -> None:
    wanted = (Step("prompt", "hello"), Step("ring", "q7"))
    assert trial.fault(wanted, [("prompt", "hello"), ("ring", "q7")], silent=False, seconds=10) is None
    other = trial.fault(wanted, [("prompt", "hello"), ("ring", "q9")], silent=False, seconds=10)
    assert other is not None
    assert other.text == trial.OTHER
    late = trial.fault(wanted, [("prompt", "hello")], silent=False, seconds=10)
    assert late is not None
    assert late.text == trial.LATE
    silent = trial.fault(wanted, [("prompt", "hello"), ("failed", "silent")], silent=True, seconds=10)
    assert silent is not None
    assert silent.text == trial.SILENT
    # Everything is closed by hand just now: that is no fault of the version.
    assert trial.fault(wanted, [("closed", "emergency")], silent=False, seconds=10) is None
