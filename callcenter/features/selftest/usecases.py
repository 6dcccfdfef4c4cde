"""What is kept of tests and of the lines of calls."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.selftest import rules
from callcenter.features.selftest.models import CallQuality, LineReport, RingMelody
from callcenter.http.current import Current

SHOWN = 200
Ms = Annotated[float, Meta(ge=0, le=60_000)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Mos = Annotated[float, Meta(ge=1, le=5)]


class Figures(msgspec.Struct, kw_only=True):
    """A line: round trip and jitter in ms, loss in per cent, estimated quality (MOS, 1 to 4.5)."""

    rtt: Ms
    jitter: Ms
    loss: Percent
    mos: Mos


class ReportForm(msgspec.Struct, kw_only=True):
    """A report to support: outcomes of the self-test by check (true, false or null), the line test, the own words."""

    comment: Annotated[str, Meta(max_length=2000)] = ""
    browser: Annotated[str, Meta(max_length=300)] = ""
    checks: Annotated[dict[str, bool | None], Meta(max_length=20)] = {}
    line: Figures | None = None


class QualityForm(Figures, kw_only=True):
    """Means over ``samples`` looks since the last form; ``worst`` is the lowest MOS among them."""

    samples: Annotated[int, Meta(ge=1, le=10_000)]
    worst: Mos


class Report(NamedTuple):
    """A report with the name of its author."""

    row: LineReport
    person: str


async def report(session: AsyncSession, person: Current, form: ReportForm, now: datetime) -> LineReport:
    """Sends a report to support."""
    line = form.line
    row = LineReport(
        membership_id=person.membership_id,
        at=now,
        comment=form.comment.strip(),
        browser=form.browser,
        checks={name: found for name, found in form.checks.items() if name in rules.CHECKS},
        rtt=line.rtt if line else None,
        jitter=line.jitter if line else None,
        loss=line.loss if line else None,
        mos=line.mos if line else None,
    )
    session.add(row)
    await session.flush()
    await accounts.audit(session, person, "line.report", "line_report", str(row.id))
    return row


async def reports(session: AsyncSession) -> list[Report]:
    """The newest reports of the business."""
    names = {one.membership_id: one.name for one in await accounts.people(session)}
    rows = await session.scalars(select(LineReport).order_by(LineReport.at.desc(), LineReport.id.desc()).limit(SHOWN))
    return [Report(row, names.get(row.membership_id, "")) for row in rows]


async def keep(session: AsyncSession, person: Current, call_id: str, form: QualityForm, now: datetime) -> CallQuality:
    """Adds to the figures of the person's own line in a call; Forbidden without a phone, NotFound for others' calls."""
    if person.agent_id is None:
        raise Forbidden(N_("You have no phone to call with. An administrator can give you one."))
    if not await calls.may_see(session, call_id, calls.scope_of(person)):
        raise NotFound(N_("This call is not there."))
    row = await session.scalar(
        select(CallQuality).where(CallQuality.call_id == call_id, CallQuality.agent_id == person.agent_id)
    )
    if row is None:
        row = CallQuality(
            call_id=call_id, agent_id=person.agent_id, samples=0, rtt=0.0, jitter=0.0, loss=0.0, mos=0.0, worst=5.0
        )
        session.add(row)
    for name in ("rtt", "jitter", "loss", "mos"):
        setattr(row, name, rules.joined(getattr(row, name), row.samples, getattr(form, name), form.samples))
    row.at, row.samples, row.worst = now, row.samples + form.samples, min(row.worst, form.worst)
    await session.flush()
    return row


async def quality(session: AsyncSession, person: Current, call_id: str) -> list[CallQuality]:
    """The figures of all lines of a call that the person may see; NotFound else."""
    if not await calls.may_see(session, call_id, calls.scope_of(person)):
        raise NotFound(N_("This call is not there."))
    return list(
        await session.scalars(select(CallQuality).where(CallQuality.call_id == call_id).order_by(CallQuality.id))
    )


async def melody(session: AsyncSession, person: Current) -> bytes | None:
    """The person's own melody; None = the product's."""
    found: bytes | None = await session.scalar(
        select(RingMelody.sound).where(RingMelody.membership_id == person.membership_id)
    )
    return found


async def set_melody(session: AsyncSession, person: Current, sound: bytes) -> float:
    """Takes an own melody (b"" = none any more); how many seconds it lasts. Raises BadInput."""
    seconds = rules.melody_seconds(sound) if sound else 0.0
    row = await session.scalar(select(RingMelody).where(RingMelody.membership_id == person.membership_id))
    if row is not None:
        await session.delete(row)
        await session.flush()
    if sound:
        session.add(RingMelody(membership_id=person.membership_id, seconds=seconds, sound=sound))
    return seconds
