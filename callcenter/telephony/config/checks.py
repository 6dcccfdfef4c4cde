"""Checks of a configuration before it is applied: what would leave a caller alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from callcenter.core.i18n import N_
from callcenter.core.routing import NEVER
from callcenter.telephony.config.findings import Finding, Severity
from callcenter.telephony.config.model import DAY, ENDLESS, KEYS, Menu, Model, Number, Queue, Span, Target
from callcenter.telephony.config.ways import unanswered, ways_out

GONE: dict[str, str] = {
    "queue": N_("%(way)s leads to a queue that is not there any more."),
    "menu": N_("%(way)s leads to a voice menu that is not there any more."),
    "agent": N_("%(way)s leads to an employee who is not there any more."),
    "voicemail": N_("%(way)s leads to the voicemail of a queue that is not there any more."),
    "agent_voicemail": N_("%(way)s leads to the voicemail of an employee who is not there any more."),
    "external": N_("%(way)s leads to a telephone outside, but no number is named."),
    "play": N_("%(way)s plays a prompt, but none is chosen."),
}
NO_WAY_OUT = N_("%(way)s leads to a telephone outside, but there is no line over which it could be called.")
NO_PROMPT = N_("The prompt “%(name)s” (%(way)s) is not there.")
NO_TRUNK = N_("The line to the operator that this number uses is not there any more.")
NO_TRUNKS = N_("There is no line to an operator: calls from outside cannot come in.")
NOBODY = N_("Nobody takes the calls: the queue “%(name)s” has no members, and nothing is arranged for that.")
NO_PHONE = N_("%(name)s has no phone, so nobody is rung.")
FIRST_MENU_GONE = N_("The menu that callers meet first is not there any more.")
CLOSED_SILENT = N_("Out of working hours callers hear nothing: choose a prompt for closed hours.")
NEVER_OPEN = N_("The working hours have no open time at all: callers are always told that you are closed.")
OVERLAP = N_("The hours of %(day)s overlap.")
NO_SPAN = N_("The hours of %(day)s end before they begin.")
SPECIAL_OVERLAP = N_("The hours of the special day %(day)s overlap.")
TWICE = N_("The key %(key)s stands twice.")
WRONG_KEY = N_("“%(key)s” is no key of a telephone.")
NO_KEYS = N_("The menu has no keys: callers can only wait.")
SELF_ON_NOTHING = N_("Who presses nothing comes back to this same menu, without end.")
ROUND = N_("Who presses nothing goes round in circles without end: %(round)s.")
ENDLESS_MENU = N_("The menu repeats without end and no key leads out of it.")
CAPTIVE = N_("From this menu callers reach only menus: whatever they press, nobody answers.")
OVERFLOW_ROUND = N_("Callers whom nobody answers go round in circles without end: %(round)s.")
NO_SKILL = N_("The queue asks for a skill that is not there any more.")
NOBODY_ABLE = N_("Callers need “%(skill)s” from level %(level)s, but no agent of the queue has that: they wait longer.")
NEVER_ABLE = N_("Callers need “%(skill)s”, but no agent of the queue may ever take them.")
DOUBLE_NUMBER = N_("The number %(number)s stands twice.")

DAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
WAYS: dict[str, str] = {
    "target": N_("Calls"),
    "closed_target": N_("Closed hours"),
    "timeout": N_("No key"),
    "overflow": N_("Overflow"),
    "key": N_("Key %(key)s"),
    "greeting": N_("on arrival"),
    "waiting": N_("while waiting"),
    "busy": N_("when nobody is free"),
    "nobody": N_("when nobody answers"),
    "closed": N_("in closed hours"),
    "prompt": N_("the menu's own"),
    "emergency": N_("emergency closing"),
    "survey": N_("survey after the talk"),
}


def check(
    model: Model,
    business_id: int,
    *,
    prompts: Collection[str] | None = None,
    members: dict[int, int] | None = None,
    skills: Mapping[int, str] | None = None,
    levels: Mapping[int, Collection[int]] | None = None,
) -> list[Finding]:
    """What is wrong with a business's routing, errors first.

    ``prompts`` are the names of the sound files that are there (None = not known), ``members`` how many agents serve
    each queue (None = not known), ``skills`` the names of skills, ``levels`` those that a queue's members have in the
    skill it asks for. Values that begin with ``_`` are gettext keys themselves (``_way``, ``_day``).
    """
    found = list(_Checker(model, business_id, prompts, members, skills, levels or {}).all())
    return sorted(found, key=lambda one: one.severity != "error")


class _Checker:
    def __init__(
        self,
        model: Model,
        business_id: int,
        prompts: Collection[str] | None,
        members: dict[int, int] | None,
        skills: Mapping[int, str] | None,
        levels: Mapping[int, Collection[int]],
    ) -> None:
        self.skills, self.levels = skills, levels
        self.model, self.business_id = model, business_id
        self.prompts, self.members = prompts, members
        self.numbers = [one for one in model.numbers if one.business_id == business_id]
        self.menus = {one.id: one for one in model.menus if one.business_id == business_id}
        self.queues = {one.id: one for one in model.queues if one.business_id == business_id}
        self.agents = {one.id: one for one in model.agents if one.business_id == business_id}
        self.trunks = {one.id: one for one in model.trunks if one.business_id == business_id}
        self.ways = ways_out(model, business_id)

    def all(self) -> Iterator[Finding]:
        for number in self.numbers:
            yield from self._number(number)
        for e164, count in Counter(one.e164 for one in self.numbers).items():
            if count > 1:
                yield _found("error", "numbers", None, e164, DOUBLE_NUMBER, number=e164)
        if self.numbers and not self.trunks:
            yield _found("warning", "trunks", None, "", NO_TRUNKS)
        for menu in self.menus.values():
            yield from self._menu(menu)
        for queue in self.queues.values():
            if queue.overflow is not None:
                yield from self._target(queue, queue.name, queue.overflow, "overflow")
            yield from self._able(queue)
            if queue.survey is not None:
                for name in (queue.survey.first, queue.survey.second, queue.survey.thanks):
                    yield from self._prompt("queues", queue.id, queue.name, name, "survey")
        yield from self._overflow_rounds()
        for business in self.model.businesses:
            if business.id != self.business_id:
                continue
            for day in business.days:
                yield from self._spans(day.spans, "hours", None, "", SPECIAL_OVERLAP, {"day": day.day.isoformat()})
            yield from self._prompt("hours", None, "", business.emergency, "emergency")

    # --- numbers -----------------------------------------------------------------------------------

    def _number(self, number: Number) -> Iterator[Finding]:
        title = number.title or number.e164
        if number.trunk_id is not None and number.trunk_id not in self.trunks:
            yield _found("error", "numbers", number.id, title, NO_TRUNK)
        if number.menu_id is not None and number.menu_id not in self.menus:
            yield _found("error", "numbers", number.id, title, FIRST_MENU_GONE)
        yield from self._target(number, title, number.target, "target")
        yield from self._served(number, title)
        for name in ("greeting", "waiting", "busy", "nobody", "closed"):
            yield from self._prompt("numbers", number.id, title, getattr(number, name), name)
        if number.hours is None:
            return
        yield from self._target(number, title, number.closed_target, "closed_target")
        for day, spans in enumerate(number.hours.week):
            yield from self._spans(spans, "numbers", number.id, title, OVERLAP, {"_day": DAYS[day % 7]})
        if not any(number.hours.week):
            yield _found("warning", "numbers", number.id, title, NEVER_OPEN)
        first = self.menus.get(number.menu_id or 0)
        hears = first is not None and first.activity in ("always", "closed")
        if not number.closed and not hears and number.closed_target.kind in ("hangup", "repeat"):
            yield _found("error", "numbers", number.id, title, CLOSED_SILENT)

    def _served(self, number: Number, title: str) -> Iterator[Finding]:
        target = number.target
        if target.kind == "queue" and self.members is not None and target.id in self.queues:
            queue = self.queues[target.id or 0]
            if not self.members.get(queue.id) and queue.overflow is None and not unanswered(number):
                yield _found("warning", "numbers", number.id, title, NOBODY, name=queue.name)
        agent = self.agents.get(target.id or 0) if target.kind == "agent" else None
        if agent is not None and not agent.devices and not unanswered(number):
            yield _found("error", "numbers", number.id, title, NO_PHONE, name=agent.name)

    def _spans(
        self,
        spans: Sequence[Span],
        section: str,
        owner: int | None,
        title: str,
        text: str,
        values: dict[str, Any],
    ) -> Iterator[Finding]:
        if any(not 0 <= begin < end <= DAY for begin, end in spans):
            yield _found("error", section, owner, title, NO_SPAN, _day=values.get("_day", values.get("day")))
            return
        ordered = sorted(spans)
        if any(after[0] < before[1] for before, after in pairwise(ordered)):
            yield _found("error", section, owner, title, text, **values)

    # --- menus -------------------------------------------------------------------------------------

    def _menu(self, menu: Menu) -> Iterator[Finding]:
        where = ("menus", menu.id, menu.name)
        for key, count in Counter(one.key for one in menu.keys).items():
            if count > 1:
                yield _found("error", *where, TWICE, key=key)
            if len(key) != 1 or key not in KEYS:
                yield _found("error", *where, WRONG_KEY, key=key)
        for one in menu.keys:
            yield from self._target(menu, menu.name, one.target, "key", key=one.key)
        if menu.repeats != ENDLESS:
            yield from self._target(menu, menu.name, menu.timeout, "timeout")
        yield from self._prompt(*where, menu.prompt, "prompt")
        if not menu.keys and menu.repeats == ENDLESS:
            yield _found("error", *where, ENDLESS_MENU)
        elif not menu.keys and menu.timeout.kind in ("hangup", "repeat"):
            yield _found("warning", *where, NO_KEYS)
        yield from self._menu_rounds(menu)

    def _menu_rounds(self, menu: Menu) -> Iterator[Finding]:
        where = ("menus", menu.id, menu.name)
        if menu.repeats != ENDLESS and menu.timeout.kind == "menu" and menu.timeout.id == menu.id:
            yield _found("error", *where, SELF_ON_NOTHING)
        else:
            chain, now = [menu.id], self._silent(menu)
            while now is not None and now not in chain:
                chain.append(now)
                now = self._silent(self.menus[now])
            if now == menu.id and len(chain) > 1 and menu.id == min(chain):
                names = " → ".join(self.menus[one].name for one in (*chain, menu.id))
                yield _found("error", *where, ROUND, round=names)
        if menu.keys and not self._leads_out(menu):
            yield _found("error", *where, CAPTIVE)

    def _silent(self, menu: Menu) -> int | None:
        """The menu to which a caller comes who presses nothing."""
        if menu.repeats == ENDLESS or menu.timeout.kind != "menu" or menu.timeout.id not in self.menus:
            return None
        return menu.timeout.id

    def _leads_out(self, menu: Menu) -> bool:
        """Whether any way, by keys or by waiting, leads from a menu to something else than menus."""
        seen, ways = {menu.id}, [menu]
        while ways:
            here = ways.pop()
            targets = [one.target for one in here.keys]
            if here.repeats != ENDLESS:
                targets.append(here.timeout)
            for target in targets:
                if target.kind == "menu" and target.id in self.menus:
                    if target.id not in seen:
                        seen.add(target.id)
                        ways.append(self.menus[target.id])
                elif target.kind not in ("repeat", "menu", "play"):
                    return True
        return False

    # --- queues ------------------------------------------------------------------------------------

    def _able(self, queue: Queue) -> Iterator[Finding]:
        """Whether somebody has the level that callers need. A queue without members is another matter."""
        if queue.asked is None or self.skills is None:
            return
        where = ("queues", queue.id, queue.name)
        skill = self.skills.get(queue.asked.skill_id)
        tiers = [queue.asked.tier(level) for level in self.levels.get(queue.id, ())]
        if skill is None:
            yield _found("error", *where, NO_SKILL)
        elif tiers and min(tiers) == NEVER:
            yield _found("warning", *where, NEVER_ABLE, skill=skill)
        elif tiers and min(tiers) > 0:
            yield _found("warning", *where, NOBODY_ABLE, skill=skill, level=queue.asked.level)

    def _overflow_rounds(self) -> Iterator[Finding]:
        for queue in self.queues.values():
            chain: list[int] = [queue.id]
            now = self._next_queue(queue)
            while now is not None and now not in chain:
                chain.append(now)
                now = self._next_queue(self.queues[now])
            if now == queue.id and queue.id == min(chain):
                names = " → ".join(self.queues[one].name for one in (*chain, queue.id))
                yield _found("error", "queues", queue.id, queue.name, OVERFLOW_ROUND, round=names)

    def _next_queue(self, queue: Queue) -> int | None:
        there = queue.overflow
        return there.id if there is not None and there.kind == "queue" and there.id in self.queues else None

    # --- what all have -----------------------------------------------------------------------------

    def _target(
        self, owner: Number | Menu | Queue, title: str, target: Target, way: str, **places: Any
    ) -> Iterator[Finding]:
        section = {"Number": "numbers", "Menu": "menus", "Queue": "queues"}[type(owner).__name__]
        where: tuple[str, int, str] = (section, owner.id, title)
        there = {
            "queue": target.id in self.queues,
            "menu": target.id in self.menus,
            "agent": target.id in self.agents,
            "voicemail": target.id is None or target.id in self.queues,
            "agent_voicemail": target.id in self.agents,
            "external": bool(target.number),
            "play": bool(target.prompt),
        }.get(target.kind, True)
        named: dict[str, Any] = {"_way": WAYS[way], **places}
        if not there:
            yield _found("error", *where, GONE[target.kind], **named)
        elif target.kind == "external" and not self.ways:
            yield _found("error", *where, NO_WAY_OUT, **named)
        elif target.kind == "play":
            yield from self._prompt(*where, target.prompt, way, **places)

    def _prompt(
        self, section: str, owner: int | None, title: str, name: str, way: str, **places: Any
    ) -> Iterator[Finding]:
        if name and self.prompts is not None and name not in self.prompts:
            values: dict[str, Any] = {"_way": WAYS[way], **places}
            yield _found("error", section, owner, title, NO_PROMPT, name=name, **values)


def _found(severity: Severity, section: str, owner: int | None, title: str, text: str, **values: Any) -> Finding:
    return Finding(severity=severity, section=section, id=owner, title=title, text=text, values=values)
