"""Connecting, trying, changing, disconnecting lines; their live state."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound, TooMany, Unavailable
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.api import Trunk
from callcenter.features.trunks import rules
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.telephony import probe as probes
from callcenter.telephony.probe import Probe
from callcenter.telephony.trunks import TrunkNow

MAX_TRUNKS = 30
TRIES_A_MINUTE = 20
# So long an answer to why a line is refused is not asked again, in seconds.
_REASON_SECONDS = 30.0


class TrunkForm(msgspec.Struct, kw_only=True):
    """A line as it is typed. ``server`` is ``host`` or ``host:port``; an empty ``password`` keeps the one there is.

    ``watch``: Asterisk asks it every 20 s whether it is there. ``codecs`` in order of preference. ``backup`` takes
    calls out when another line is away, in the order of ``position``.
    """

    name: str
    server: str
    number: str = ""
    login: str = ""
    domain: str = ""
    password: str = ""
    register: bool = False
    match: str = ""
    codecs: list[str] = msgspec.field(default_factory=lambda: ["alaw", "ulaw"])
    caller_rule: str = "number"
    caller_id: str = ""
    backup: bool = False
    position: int = 0
    watch: bool = False


class Reasons:
    """Why lines are refused, asked of the operators themselves now and then; and how often somebody tried."""

    def __init__(self, _services: Services) -> None:
        self.known: dict[int, tuple[float, Probe]] = {}
        self.tries: dict[int, deque[float]] = {}

    def take(self, business_id: int, now: float) -> None:
        """Counts one more try; raises TooMany."""
        times = self.tries.setdefault(business_id, deque(maxlen=TRIES_A_MINUTE))
        if len(times) == TRIES_A_MINUTE and now - times[0] < 60:
            message = N_("Too many tries. Try again in %(seconds)s s.")
            wait = int(times[0] + 61 - now)
            raise TooMany(message, retry_after=wait, seconds=wait)
        times.append(now)


def checked(form: TrunkForm, old: Trunk | None) -> dict[str, Any]:
    """The form as values of the row, every wrong field named at once; raises BadInput."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}

    def take(fields: Sequence[str], work: Any, *arguments: Any) -> None:
        try:
            found = work(*arguments)
        except BadInput as error:
            faults.update(error.fields)
            return
        values.update(zip(fields, found if len(fields) > 1 else (found,), strict=True))

    take(["name"], rules.one_line, "name", form.name, 100)
    take(["host", "port"], rules.server, form.server)
    take(["number"], rules.sip_number, form.number)
    take(["username"], rules.login, form.login)
    take(["domain"], rules.domain, "domain", form.domain)
    take(["password"], rules.password, form.password or (old.password if old else ""))
    take(["match"], rules.addresses, form.match)
    take(["codecs"], rules.codecs, form.codecs)
    take(["caller_id"], rules.caller_id, form.caller_rule, form.caller_id, bool(form.login.strip()))
    if form.register and not form.login.strip():
        faults["login"] = N_("Fill in this field.")
    if (form.register or form.login.strip()) and "password" not in faults and not values.get("password"):
        faults["password"] = N_("Fill in this field.")
    if old and old.password and not form.password and values.get("host", old.host) != old.host:
        # A kept password goes only to the server it was typed for.
        faults["password"] = N_("The server is another one: type the password again.")
    if not 0 <= form.position <= 99:
        faults["position"] = N_("This value cannot be used.")
    if faults:
        raise BadInput(N_("Some fields cannot be used."), fields=faults)
    if not values["username"]:
        values["password"] = ""
    if values["domain"] == values["host"]:
        values["domain"] = ""
    return values | {
        "register": form.register,
        "caller_rule": form.caller_rule,
        "backup": form.backup,
        "position": form.position,
        "qualify_seconds": rules.QUALIFY_SECONDS if form.watch else 0,
    }


async def every(session: AsyncSession) -> list[Trunk]:
    """The business's lines, the disconnected last."""
    ordered = select(Trunk).order_by(Trunk.active.desc(), Trunk.position, Trunk.id)
    return list(await session.scalars(ordered))


async def one(session: AsyncSession, trunk_id: int) -> Trunk:
    """A line; raises NotFound."""
    found = await session.scalar(select(Trunk).where(Trunk.id == trunk_id))
    if found is None:
        raise NotFound(N_("This line is not there."))
    return found


async def save(services: Services, person: Current, form: TrunkForm, trunk_id: int | None = None) -> int:
    """Connects a line or changes one, binds its number, tells everybody; the line's id. Raises BadInput, NotFound."""
    now = services.clock.now()
    async with services.db.business(person.business_id) as session:
        old = await one(session, trunk_id) if trunk_id is not None else None
        values = checked(form, old)
        if old is None and len(await every(session)) >= MAX_TRUNKS:
            raise Conflict(N_("There are %(limit)s lines already. Change one of them."), limit=MAX_TRUNKS)
        trunk = old or Trunk(business_id=person.business_id, created_at=now)
        for name, value in values.items():
            setattr(trunk, name, value)
        session.add(trunk)
        await session.flush()
        await _bind(session, services, person, trunk)
        said = {name: value for name, value in values.items() if name != "password"}
        said |= {"password": "changed"} if form.password else {}
        await accounts.audit(
            session, person, "trunk.change" if old else "trunk.connect", "trunk", str(trunk.id), **said
        )
        found = trunk.id
    _changed(services, person, found)
    return found


async def _bind(session: AsyncSession, services: Services, person: Current, trunk: Trunk) -> None:
    """The line's own number becomes one of the company's, if it is a telephone number; all employees take its calls."""
    if not trunk.number.startswith("+"):
        return
    there = [one for one in await numbers.all_numbers(session, inactive=True) if one.e164 == trunk.number]
    if there:
        await numbers.bind_trunk(session, there[0].id, trunk.id)
        return
    await numbers.add_for_all(
        session,
        business_id=person.business_id,
        e164=trunk.number,
        title=trunk.name,
        trunk_id=trunk.id,
        at=services.clock.now(),
    )


async def connect(services: Services, person: Current, trunk_id: int, *, on: bool) -> None:
    """Disconnects a line, or connects it again as it was (which is the undo)."""
    async with services.db.business(person.business_id) as session:
        trunk = await one(session, trunk_id)
        if trunk.active == on:
            return
        trunk.active = on
        action = "trunk.connect" if on else "trunk.disconnect"
        await accounts.audit(session, person, action, "trunk", str(trunk_id), name=trunk.name)
        signed_in = trunk.register
    if signed_in and not on:
        # Without its password, which is about to be gone, Asterisk cannot sign out any more.
        with suppress(Unavailable):
            await services.telephony.sign_out(trunk_id)
    _changed(services, person, trunk_id)


def _changed(services: Services, person: Current, trunk_id: int) -> None:
    services.part(Reasons, Reasons).known.pop(trunk_id, None)
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=person.business_id, what="trunks"))


async def attempt(services: Services, person: Current, form: TrunkForm, trunk_id: int | None = None) -> Probe:
    """Asks the server of a form that is not saved yet; nothing is changed anywhere. Raises BadInput, TooMany."""
    services.part(Reasons, Reasons).take(person.business_id, services.clock.epoch())
    async with services.db.business(person.business_id) as session:
        old = await one(session, trunk_id) if trunk_id is not None else None
        values = checked(form, old)
    return await probes.probe(
        values["host"],
        values["port"],
        login=values["username"],
        password=values["password"],
        domain=values["domain"],
    )


async def states(services: Services, trunks: Sequence[Trunk]) -> dict[int, tuple[str, TrunkNow, Probe | None]]:
    """For each line its state (a key of rules.STATES), what Asterisk says, and why it is refused if it is."""
    active = [one.id for one in trunks if one.active]
    try:
        now = await services.telephony.trunks(active) if services.telephony.up else None
    except Unavailable:
        now = None
    found: dict[int, tuple[str, TrunkNow, Probe | None]] = {}
    for trunk in trunks:
        seen = now.get(trunk.id) if now is not None else None
        state = "unknown" if now is None else _state(trunk, seen)
        if not trunk.active:
            state = "disconnected"
        reason = await _reason(services, trunk) if state == "refused" else None
        if reason is not None and reason.outcome in ("no_answer", "no_address"):
            state = "unreachable"
        found[trunk.id] = (state, seen or TrunkNow(), reason)
    return found


def _state(trunk: Trunk, now: TrunkNow | None) -> str:
    if now is None:
        return "connecting"
    if now.registration == "refused":
        return "refused"
    if now.reachable is False:
        return "unreachable"
    if trunk.register:
        return "registered" if now.registration == "registered" else "connecting"
    if trunk.qualify_seconds:
        return "reachable" if now.reachable else "connecting"
    return "unwatched"


async def _reason(services: Services, trunk: Trunk) -> Probe:
    """Asterisk tells that a line is refused, not why: the operator is asked."""
    known, now = services.part(Reasons, Reasons).known, services.clock.epoch()
    if trunk.id in known and now - known[trunk.id][0] < _REASON_SECONDS:
        return known[trunk.id][1]
    asked = await probes.probe(
        trunk.host, trunk.port, login=trunk.username, password=trunk.password, domain=trunk.domain, timeout=2.0
    )
    known[trunk.id] = (now, asked)
    return asked
