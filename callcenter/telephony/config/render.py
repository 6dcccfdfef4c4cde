"""Renders Asterisk's configuration: the model and the templates of ``asterisk_conf/`` and ``dialplan/`` -> texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from callcenter.core.errors import BadInput
from callcenter.core.routing import checked_ask
from callcenter.telephony.autoanswer import HEADERS
from callcenter.telephony.config import cel
from callcenter.telephony.config.model import (
    DAY,
    ENDLESS,
    ENDLESS_PAUSE,
    FRONT_PRIORITY,
    HANGUP,
    MENU_LIMIT,
    OVERFLOW_LIMIT,
    Model,
    ModelError,
    Number,
    Span,
    Trunk,
)
from callcenter.telephony.config.modules import present
from callcenter.telephony.config.values import FILTERS, addresses, checked, finalize
from callcenter.telephony.config.ways import agent_way, first_menu, unanswered, ways_out
from callcenter.telephony.translate import WANTED

_TOP = Path(__file__).resolve().parents[3]
_OUTGOING_SECONDS = 90

# So long somebody is rung to whom a call was transferred (TEL-48).
_TRANSFER_SECONDS = 30
# Why a trunk did not take a call, in Q.931's numbers: it is not there, does not answer in time, or says 5xx. Any other
# cause (no such number, busy, refused) is the called side's and would be the same over another trunk.
_AWAY_CAUSES = (0, 3, 18, 20, 27, 29, 34, 38, 41, 42, 102)
# The longest prompt that is spoken into a phone.
_PROMPT_SECONDS = 600
# Beside what the tracker looks at: the link's own needs. VarSet has lines of its own, for our variables only.
_LINK_EVENTS = frozenset({"FullyBooted", "Shutdown", "OriginateResponse"})


@lru_cache(maxsize=1)
def _templates() -> Environment:
    env = Environment(
        loader=FileSystemLoader([_TOP / "asterisk_conf", _TOP / "dialplan"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=finalize,
        autoescape=False,  # noqa: S701 - not HTML: `finalize` and the filters are the escape
    )
    env.filters.update(FILTERS)
    return env


def render(model: Model) -> dict[str, str]:
    """Every file's name below ``etc`` and its text; the same model always gives the same texts.

    Raises ModelError when a value cannot be given to Asterisk.
    """
    _check(model)
    values = _values(model)
    env = _templates()
    names = [f"{file.name[:-3]}" for file in sorted((_TOP / "asterisk_conf").glob("*.conf.j2"))]
    return {name: env.get_template(f"{name}.j2").render(values) for name in [*names, "extensions.conf"]}


def _values(model: Model) -> dict[str, Any]:
    system = model.system
    agents = sorted(model.agents, key=lambda a: a.id)
    ways = {business.id: ways_out(model, business.id) for business in model.businesses}
    way_of = {way.number.id: way for found in ways.values() for way in found if way.extension != "default"}
    return {
        "system": system,
        "loopback": system.sip_host.startswith("127."),
        "modules": present(system.modules),
        "events": sorted((WANTED | _LINK_EVENTS) - {"VarSet"}),
        "cel_file": "calls.csv",
        "cel_template": cel.template(),
        "sounds": f"{system.folder}/sounds",
        "businesses": sorted(model.businesses, key=lambda b: b.id),
        "languages": {b.id: checked("language")(b.language) for b in model.businesses},
        "voices": {b.id: checked("voice")(dict(system.voices).get(b.language, b.language)) for b in model.businesses},
        "trunks": sorted(model.trunks, key=lambda t: t.id),
        "numbers": sorted(model.numbers, key=lambda n: n.id),
        "numbers_of_trunk": {trunk.id: _numbers_of(model, trunk) for trunk in model.trunks},
        "contact_users": {trunk.id: contact_user(model, trunk) for trunk in model.trunks},
        "menus": sorted(model.menus, key=lambda m: m.id),
        "queues": sorted(model.queues, key=lambda q: q.id),
        "agents": agents,
        "agents_of": {b.id: [a for a in agents if a.business_id == b.id] for b in model.businesses},
        "auto_agents": [agent for agent in agents if agent.auto_queue and agent.devices],
        "auto_headers": {
            device: [(name, value.replace(";", "\\;")) for name, value in HEADERS[kind]]
            for device, kind in (("webrtc", "queue"), ("sip", "phone"))
        },
        "queue_ids": {queue.id for queue in model.queues},
        "menu_ids": {menu.id for menu in model.menus},
        "agent_ids": {agent.id for agent in model.agents},
        "ways_out": ways,
        "way_of": {number.id: way_of.get(number.id) for number in model.numbers},
        "first_menu": {number.id: first_menu(model, number) for number in model.numbers},
        "days": {b.id: sorted(b.days, key=lambda day: day.day) for b in model.businesses},
        "emergency": {b.id: b.emergency for b in model.businesses},
        "waits_for": {
            b.id: any(n.business_id == b.id and unanswered(n) for n in model.numbers) for b in model.businesses
        },
        "leaves": {b.id: all(unanswered(n) for n in model.numbers if n.business_id == b.id) for b in model.businesses},
        # Where one queue asks for a skill, a caller comes to the others without what he was granted there.
        "skilled": {queue.business_id for queue in model.queues if queue.asked},
        "surveys": {queue.business_id for queue in model.queues if queue.survey},
        # Where callers may come with a place of their own in queues.
        "ranked": {number.business_id for number in model.numbers if number.asks},
        "menu_limit": MENU_LIMIT,
        "overflow_limit": OVERFLOW_LIMIT,
        "front_priority": FRONT_PRIORITY,
        "endless": ENDLESS,
        "endless_pause": ENDLESS_PAUSE,
        "agent_way": {agent.id: agent_way(ways[agent.business_id], agent) for agent in agents},
        # Businesses of which clients may see another number than the line's.
        "shows_own": {b.id: any(a.shown for a in agents if a.business_id == b.id) for b in model.businesses},
        "shown_for": {b.id: b.shown for b in model.businesses},
        "hangup": HANGUP,
        "outgoing_seconds": _OUTGOING_SECONDS,
        "transfer_seconds": _TRANSFER_SECONDS,
        "away_causes": _AWAY_CAUSES,
        "prompt_seconds": _PROMPT_SECONDS,
    }


def _numbers_of(model: Model, trunk: Trunk) -> list[Number]:
    """The numbers that a trunk's calls may reach: its own, and those of its business that name no trunk.

    Asterisk tells trunks by the address that a call comes from: two at one operator take each other's calls.
    """
    here = set(addresses(trunk))
    same = {t.id for t in model.trunks if t.business_id == trunk.business_id and not here.isdisjoint(addresses(t))}
    return sorted(
        (
            number
            for number in model.numbers
            if number.business_id == trunk.business_id and (number.trunk_id is None or number.trunk_id in same)
        ),
        key=lambda n: n.id,
    )


def contact_user(model: Model, trunk: Trunk) -> str:
    """What an operator puts into the address of a call to a registered trunk: its number, so that it is found."""
    bound = [number.e164 for number in _numbers_of(model, trunk) if number.trunk_id == trunk.id]
    digits = trunk.number.lstrip("+")
    if digits and (not bound or f"+{digits}" in bound):
        return digits
    return bound[0].lstrip("+") if bound else trunk.username


def _check(model: Model) -> None:
    """What single values cannot tell: references, doubles, and the machine's own values."""
    system = model.system
    for path in (system.folder, system.run_dir, system.modules_dir, system.data_dir, system.moh_dir or "/x"):
        checked("path")(path)
    checked("name")(system.name)
    checked("login")(system.ami_user)
    for address in (system.host, system.sip_host, system.public_address or "x", system.local_address or "x"):
        checked("host")(address)
    businesses = {business.id for business in model.businesses}
    for rows in (model.trunks, model.numbers, model.menus, model.queues, model.agents):
        seen: set[int] = set()
        for row in rows:
            if row.business_id not in businesses:
                raise ModelError(f"{type(row).__name__} {row.id} is of no known business")
            if row.id in seen:
                raise ModelError(f"{type(row).__name__} {row.id} stands twice")
            seen.add(row.id)
    for number in model.numbers:
        for spans in number.hours.week if number.hours else ():
            _check_spans(spans)
        if number.hours is not None and len(number.hours.week) != 7:
            raise ModelError(f"the hours of number {number.id} have no seven days")
    for business in model.businesses:
        for day in business.days:
            _check_spans(day.spans)
    for queue in model.queues:
        if queue.asked is None:
            continue
        try:
            checked_ask(queue.asked)
        except BadInput as error:
            raise ModelError(f"what queue {queue.id} asks for: {error}") from error
    shorts: set[tuple[int, str]] = set()
    for agent in model.agents:
        if (agent.business_id, agent.short_number) in shorts:
            raise ModelError(f"short number {agent.short_number} stands twice")
        shorts.add((agent.business_id, agent.short_number))


def _check_spans(spans: Sequence[Span]) -> None:
    for begin, end in spans:
        if not 0 <= begin < end <= DAY:
            raise ModelError(f"{begin} to {end} is no span of a day")
