"""Simulated callers: the way of a call through the draft, in words, and ways that shall stay as they are (DPL-04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.models import RoutingPath
from callcenter.features.dialplan.usecases import drafts, rendering
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import apply
from callcenter.telephony.config.findings import Finding
from callcenter.telephony.config.model import KEYS, Model
from callcenter.telephony.config.simulate import State, Step, simulate

NO_NUMBER = N_("This number is not there.")
WRONG_KEYS = N_("Keys are digits, * and #; a dash means that nothing is pressed.")
WRONG_CALLER = N_("This is not a telephone number.")
CHANGED_WAY = N_("A way that shall stay (%(at)s, keys “%(keys)s”) is another one from step %(step)s on.")
GONE_WAY = N_("A way that shall stay begins at a number that is not there any more.")
TOO_MANY = N_("At most %(limit)s ways can be kept.")
MOST_KEYS, MOST_PATHS = 20, 100


def pressed(text: str) -> tuple[str, ...]:
    """``2`` or ``1-3`` as single keys, ``-`` as none. Raises BadInput."""
    plain = "".join(text.split())
    if len(plain) > MOST_KEYS or any(one not in KEYS + "-" for one in plain):
        raise BadInput(WRONG_KEYS, fields={"keys": WRONG_KEYS})
    return tuple("" if one == "-" else one for one in plain)


async def model_of(services: Services, business_id: int, *, live: bool) -> Model:
    """The business's draft, or what is live, as the simulator wants it."""
    instance = Instance.from_settings(services.settings)
    async with services.db.system() as session:
        instead = {} if live else await drafts.documents(session, [business_id])
        system = apply.system_of(services.settings, instance)
        model, _ = await rendering.gather_now(services, session, system, instead=instead, only=business_id)
    return model


async def call(
    services: Services,
    business_id: int,
    *,
    number_id: int,
    at: datetime,
    keys: str = "",
    caller: str = "",
    live: bool = False,
    state: State | None = None,
) -> tuple[Step, ...]:
    """What a caller would meet, step by step; nobody is called. Raises NotFound, BadInput."""
    e164 = to_e164(caller) if caller else ""
    if e164 is None:
        raise BadInput(WRONG_CALLER, fields={"caller": WRONG_CALLER})
    model = await model_of(services, business_id, live=live)
    if all(one.id != number_id for one in model.numbers):
        raise NotFound(NO_NUMBER)
    return simulate(model, number_id, at=at, caller=e164, keys=pressed(keys), state=state)


async def keep(services: Services, person: Current, *, number_id: int, at: datetime, keys: str) -> RoutingPath:
    """From now on every apply looks whether this way is still the same. Raises NotFound, BadInput, Conflict."""
    steps = await call(services, person.business_id, number_id=number_id, at=at, keys=keys)
    async with services.db.business(person.business_id) as session:
        if len(await queries.paths(session, person.business_id)) >= MOST_PATHS:
            raise Conflict(TOO_MANY, limit=MOST_PATHS)
        path = RoutingPath(
            business_id=person.business_id,
            number_id=number_id,
            at=at,
            keys="".join(one or "-" for one in pressed(keys)),
            steps=[list(step) for step in steps],
        )
        session.add(path)
        await session.flush()
        await accounts.audit(session, person, "routing.path", "routing", path.id)
    return path


async def drop(services: Services, person: Current, path_id: int) -> None:
    """This way may change again. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        path = await queries.path(session, path_id)
        if path is None:
            raise NotFound(N_("There is no such way."))
        await session.delete(path)
        await accounts.audit(session, person, "routing.path.drop", "routing", path_id)


async def changed_ways(session: AsyncSession, model: Model, business_id: int) -> list[Finding]:
    """Kept ways that are other ones in this model (system session): each keeps a draft from being applied."""
    numbers = {one.id: one for one in model.numbers}
    found = []
    company = await accounts.business(session, business_id)
    zone = ZoneInfo(company.timezone if company else "UTC")
    for path in await queries.paths(session, business_id):
        number = numbers.get(path.number_id)
        values: dict[str, Any] = {"keys": path.keys or "-", "at": f"{path.at.astimezone(zone):%Y-%m-%d %H:%M}"}
        text = GONE_WAY
        if number is not None:
            now = simulate(model, path.number_id, at=path.at, keys=pressed(path.keys))
            different = differs(path.steps, now)
            if different is None:
                continue
            text, values["step"] = CHANGED_WAY, different + 1
        found.append(
            Finding(
                severity="error",
                section="numbers",
                id=path.number_id,
                title=(number.title or number.e164) if number else "",
                text=text,
                values=values,
            )
        )
    return found


def differs(kept: Sequence[Sequence[str]], now: Sequence[Step]) -> int | None:
    """The first step that is another one; None when all are the same."""
    for index in range(max(len(kept), len(now))):
        if index >= len(kept) or index >= len(now) or tuple(kept[index]) != tuple(now[index]):
            return index
    return None


def name_of(step: Sequence[str], names: Mapping[tuple[str, int], str]) -> str:
    """What a step's id stands for."""
    section = {"queue": "queues", "overflow": "queues", "agent": "agents", "menu": "menus"}.get(step[0], "")
    return names.get((section, int(step[1])), step[1]) if section and step[1].isdecimal() else step[1]
