"""Which test call is made after an apply, what it has to meet, and what is said when it does not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from callcenter.core.i18n import N_
from callcenter.telephony.config.model import Model, Number
from callcenter.telephony.config.simulate import Step, is_open, simulate

TRIES, DEPTH, NUMBERS = 80, 3, 40
LATE = N_("%(met)s was met, and then nothing more within %(seconds)s s; %(wanted)s was expected")
OTHER = N_("%(met)s was met where %(wanted)s was expected")
SILENT = N_("the prompt after %(met)s cannot be played")
NOT_CALLED = N_("Asterisk did not take it: %(why)s")
NOTHING = N_("nothing")
STEP_WORDS: dict[str, str] = {
    "prompt": N_("the prompt “%(text)s”"),
    "menu": N_("the menu “%(name)s”"),
    "key": N_("the key %(text)s"),
    "ring": N_("the ring at %(name)s"),
    "closed": N_("“closed”"),
    "failed": N_("a failure (%(text)s)"),
}
WAY_WORDS: dict[str, str] = {
    "prompt": N_("He hears the prompt “%(text)s”"),
    "menu": N_("He comes to the voice menu “%(name)s”"),
    "key": N_("He presses %(text)s"),
    "closed": N_("It is closed"),
    "blocked": N_("His number is blocked"),
    "own": N_("His own employee is rung first"),
    "queue": N_("He waits in the queue “%(name)s”"),
    "agent": N_("The phones of %(name)s ring"),
    "forwarded": N_("The call goes outside: %(text)s"),
    "dial": N_("%(text)s rings"),
    "overflow": N_("Nobody answers in the queue “%(name)s”"),
    "voicemail": N_("He leaves a message"),
    "failed": N_("The call cannot be led on (%(text)s)"),
    "end answered": N_("Somebody answers"),
    "end waiting": N_("He goes on waiting"),
    "end hangup": N_("The call ends"),
    "end blocked": N_("The call is refused"),
    "end busy": N_("He hears “busy”"),
    "end failed": N_("The call breaks off"),
    "end endless": N_("It goes on without end"),
    "end left": N_("He hangs up"),
}
"""The steps of a simulated call, for telling them one after the other."""


class Plan(NamedTuple):
    """A test call: to a number, as if it were ``at``, with keys; ``steps`` are what it meets, the last is the ring."""

    number_id: int
    at: datetime
    keys: tuple[str, ...]
    steps: tuple[Step, ...]


def plan(model: Model, business_id: int, now: datetime, changed: Collection[int] = ()) -> Plan | None:
    """The best test call of a business: one that rings somebody, through a menu with a key where there is one.

    Numbers in ``changed`` come first. None when the business has no number.
    """
    mine = [one for one in model.numbers if one.business_id == business_id]
    mine.sort(key=lambda one: (one.id not in changed, one.id))
    best: tuple[tuple[int, ...], Plan] | None = None
    for rank, number in enumerate(mine[:NUMBERS]):
        at = _open_at(model, number, now)
        for keys in _candidates(model, number, at):
            found = Plan(number.id, at, keys, expected(simulate(model, number.id, at=at, keys=keys)))
            score = _score(found, rank, number.id in changed)
            if best is None or score > best[0]:
                best = (score, found)
        if best is not None and best[0][0] == 2 and number.id in changed:
            break
    return best[1] if best else None


def _score(found: Plan, rank: int, changed: bool) -> tuple[int, ...]:
    last = found.steps[-1] if found.steps else Step("", "")
    rings = 2 if last.kind == "ring" and last.text[:1] in "qa" else int(last.kind == "ring")
    pressed = any(step.kind == "key" for step in found.steps)
    return rings, int(changed), int(pressed), -len(found.steps), -rank


def expected(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that a test call meets of those that a caller would: it ends where people would be rung."""
    found: list[Step] = []
    for step in steps:
        if step.kind == "queue":
            found.append(Step("ring", f"q{step.text}"))
        elif step.kind == "agent":
            found.append(Step("ring", f"a{step.text}"))
        elif step.kind in ("forwarded", "dial"):
            found.append(Step("ring", "outside"))
        elif step.kind == "voicemail":
            found.append(Step("ring", "voicemail"))
        elif step.kind == "end":
            break
        else:
            found.append(step)
            continue
        break
    return tuple(found)


def _open_at(model: Model, number: Number, now: datetime) -> datetime:
    """Now, or the next quarter of an hour within a week when it is open."""
    business = next(one for one in model.businesses if one.id == number.business_id)
    days = {day.day.isoformat(): day.spans for day in business.days}
    begin = now.astimezone(UTC).replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    for quarter in range(7 * 96):
        at = now if quarter == 0 else begin + timedelta(minutes=15 * quarter)
        if is_open(number.hours, days, at):
            return at
    return now


def _candidates(model: Model, number: Number, at: datetime) -> Iterator[tuple[str, ...]]:
    """Keys that lead from menu to menu, the shortest first."""
    menus = {menu.id: menu for menu in model.menus}
    ways: list[tuple[str, ...]] = [()]
    count = 0
    while ways and count < TRIES:
        keys = ways.pop(0)
        count += 1
        yield keys
        if len(keys) >= DEPTH:
            continue
        steps = simulate(model, number.id, at=at, keys=keys)
        met = [step.text for step in steps if step.kind == "menu"]
        if len(met) <= len(keys):
            continue
        menu = menus[int(met[len(keys)])]
        ways += [(*keys, key.key) for key in menu.keys if key.target.kind not in ("repeat", "play")]


def fault(wanted: Sequence[Step], met: Sequence[tuple[str, str]], *, silent: bool, seconds: float) -> Fault | None:
    """What is wrong with what a test call met; None when it is as expected."""
    if any(kind == "closed" and text == "emergency" for kind, text in met):
        # Everything is closed by hand just now: callers hear what they shall.
        return None
    for index, step in enumerate(wanted):
        if index >= len(met):
            before = met[-1] if met else None
            return Fault(LATE, before, step, {"seconds": round(seconds)})
        if silent and met[index] == ("failed", "silent"):
            return Fault(SILENT, met[index - 1] if index else None, step, {})
        if tuple(met[index]) != tuple(step):
            return Fault(OTHER, met[index], step, {})
    return None


class Fault(NamedTuple):
    """A gettext key with the steps that fill ``met`` and ``wanted``, and other values."""

    text: str
    met: tuple[str, str] | None
    wanted: Step
    values: dict[str, Any]
