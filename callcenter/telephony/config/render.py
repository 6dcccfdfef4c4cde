"""Renders Asterisk's configuration: the model and the templates of ``asterisk_conf/`` and ``dialplan/`` -> texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from callcenter.telephony.autoanswer import HEADERS
from callcenter.telephony.config import cel
from callcenter.telephony.config.model import HANGUP, Model, ModelError, Number, Trunk
from callcenter.telephony.config.modules import present
from callcenter.telephony.config.values import FILTERS, checked, finalize
from callcenter.telephony.translate import WANTED

_TOP = Path(__file__).resolve().parents[3]
_OUTGOING_SECONDS = 90

# So long somebody is rung to whom a call was transferred (TEL-48).
_TRANSFER_SECONDS = 30
# Beside what the tracker looks at: the link's own needs. VarSet has lines of its own, for our variables only.
_LINK_EVENTS = frozenset({"FullyBooted", "Shutdown", "OriginateResponse"})


@dataclass(frozen=True)
class WayOut:
    """A number that clients see and the trunk that its calls take; ``extension`` is its id or 'default'."""

    extension: str
    number: Number
    trunk: Trunk


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
        "trunks": sorted(model.trunks, key=lambda t: t.id),
        "numbers": sorted(model.numbers, key=lambda n: n.id),
        "numbers_of_trunk": {trunk.id: _numbers_of(model, trunk) for trunk in model.trunks},
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
        "shown_number": {agent.id: _shown(agent.caller_number_id, ways[agent.business_id]) for agent in agents},
        "hangup": HANGUP,
        "outgoing_seconds": _OUTGOING_SECONDS,
        "transfer_seconds": _TRANSFER_SECONDS,
    }


def _numbers_of(model: Model, trunk: Trunk) -> list[Number]:
    """The numbers that a trunk's calls may reach: its own, and those of its business that name no trunk."""
    return sorted(
        (
            number
            for number in model.numbers
            if number.business_id == trunk.business_id and number.trunk_id in (trunk.id, None)
        ),
        key=lambda n: n.id,
    )


def ways_out(model: Model, business_id: int) -> list[WayOut]:
    """How a business's calls leave: one way for each number, and 'default' (its first number) at the end."""
    trunks = {t.id: t for t in sorted(model.trunks, key=lambda t: t.id) if t.business_id == business_id}
    first = next(iter(trunks.values()), None)
    ways = []
    for number in sorted(model.numbers, key=lambda n: n.id):
        trunk = first if number.trunk_id is None else trunks.get(number.trunk_id)
        if number.business_id == business_id and trunk is not None:
            ways.append(WayOut(str(number.id), number, trunk))
    return [*ways, WayOut("default", ways[0].number, ways[0].trunk)] if ways else []


def _shown(number_id: int | None, ways: list[WayOut]) -> str:
    known = {way.extension for way in ways}
    return str(number_id) if str(number_id) in known else "default"


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
    shorts: set[tuple[int, str]] = set()
    for agent in model.agents:
        if (agent.business_id, agent.short_number) in shorts:
            raise ModelError(f"short number {agent.short_number} stands twice")
        shorts.add((agent.business_id, agent.short_number))
