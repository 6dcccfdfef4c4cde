"""The wallboard: its first picture, and the service level by hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web
from markupsafe import Markup, escape

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.wallboard import rules, usecases
from callcenter.features.wallboard.pages import words
from callcenter.features.wallboard.rules import limits as limit_rules
from callcenter.features.wallboard.usecases import limits
from callcenter.features.wallboard.usecases import past as past_board
from callcenter.http import formats, render
from callcenter.http.current import current
from callcenter.live.audience import Audience
from callcenter.live.figures import SERVICE_LEVELS
from callcenter.live.views import AgentView, Figure, QueueView, Snapshot
from callcenter.plugin import services


class HourView(msgspec.Struct, kw_only=True):
    """A queue's hour of today: ``hour`` 0–23 in the business's zone, the service level's two parts."""

    hour: int
    numerator: float
    denominator: float


class HoursView(msgspec.Struct, kw_only=True):
    """The service level by hour for each queue (by id)."""

    queues: dict[str, list[HourView]]


class PastView(msgspec.Struct, kw_only=True):
    """The service level of a past period for each queue (by id), and the formula it was computed by."""

    formula: str
    queues: dict[str, Figure]


async def board(request: web.Request) -> web.Response:
    """GET /wallboard, ``?queue=ID`` for one queue."""
    person = current(request)
    service = services(request)
    at = past_moment(request)
    if at is not None:
        snapshot = await past_board.board_at(service, person.business_id, at, render.language(request))
        hours = await past_board.hours_at(service, person.business_id, at)
    else:
        snapshot = service.live.snapshot(
            Audience(person.business_id, person.agent_id, sees_all=True, language=render.language(request))
        )
        hours = await usecases.hours_today(service, person.business_id)
    queues = sorted(snapshot.queues.values(), key=lambda q: (q.name.casefold(), q.id))
    asked = request.query.get("queue", "")
    chosen = next((q.id for q in queues if str(q.id) == asked), None)
    directory = service.telephony.directory
    targets = {q.id: directory.queues[q.id].answer_target for q in queues if q.id in directory.queues}
    shorts = {q.id: directory.queues[q.id].short_abandon for q in queues if q.id in directory.queues}
    return render.page(
        request,
        "wallboard/board.html",
        **_values(request, snapshot, queues, chosen, targets),
        **_parts(request, snapshot, targets, hours),
        at=at and at.astimezone(formats.zone(person.timezone)),
        now=service.clock.now().astimezone(formats.zone(person.timezone)),
        # What ticks on a live board stands still on one of the past.
        tick="data-was" if at else "data-since",
        config=words.config(
            render.texts(request).gettext,
            render.language(request),
            variant=usecases.variant(service, person.business_id),
            targets=targets,
            shorts=shorts,
            queues=[msgspec.to_builtins(q) for q in queues],
            agents=[{"state": a.state, "queues": a.queues} for a in snapshot.agents.values()],
        )
        | {"past": at is not None, "limits": await _limits(request)},
    )


async def _limits(request: web.Request) -> list[dict[str, Any]]:
    wanted = await limits.limits(services(request)).of(current(request).business_id)
    return [
        {
            "figure": one.figure,
            "queue": one.queue_id,
            "warn": one.warn,
            "alarm": one.alarm,
            "worse": limit_rules.FIGURES[one.figure].worse,
        }
        for one in wanted
    ]


async def moment(request: web.Request) -> web.Response:
    """GET /api/v1/wallboard/at?at=."""
    person, service = current(request), services(request)
    at = past_moment(request)
    if at is None:
        raise _wrong("at", N_("Give a moment with its time zone, for example 2026-03-01T00:00:00+03:00."))
    return render.api(request, await past_board.board_at(service, person.business_id, at, render.language(request)))


def past_moment(request: web.Request) -> datetime | None:
    """The past moment that is asked for; one without a time zone is meant in the reader's own."""
    text = request.query.get("at", "").strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong("at", N_("Choose a day and a time.")) from None
    return at if at.tzinfo else at.replace(tzinfo=formats.zone(current(request).timezone))


async def hours(request: web.Request) -> web.Response:
    """GET /api/v1/wallboard/hours."""
    found = await usecases.hours_today(services(request), current(request).business_id)
    return render.api(
        request,
        HoursView(
            queues={
                str(queue): [HourView(hour=h, numerator=top, denominator=bottom) for h, top, bottom in rows]
                for queue, rows in found.items()
            }
        ),
    )


async def past(request: web.Request) -> web.Response:
    """GET /api/v1/wallboard/service-level?from=&to=&formula=&target=&short=."""
    asked, service, business_id = request.query, services(request), current(request).business_id
    formula = asked.get("formula") or usecases.variant(service, business_id)
    if formula not in SERVICE_LEVELS:
        raise _wrong("formula", N_("There is no such formula."))
    since, until = (_moment(asked, name) for name in ("from", "to"))
    if not since < until <= since + timedelta(days=366):
        raise _wrong("to", N_("Choose a period of at most a year that ends after it begins."))
    found = await usecases.past_service_level(
        service,
        business_id,
        since,
        until,
        formula=formula,
        target=_seconds(asked, "target"),
        short=_seconds(asked, "short"),
    )
    return render.api(request, PastView(formula=formula, queues={str(q): figure for q, figure in found.items()}))


def _moment(asked: Mapping[str, str], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(asked.get(name, ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _wrong(name, N_("Give a moment with its time zone, for example 2026-03-01T00:00:00+03:00."))
    return found


def _seconds(asked: Mapping[str, str], name: str) -> int | None:
    text = asked.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 4:
        raise _wrong(name, N_("Give whole seconds."))
    return int(text)


def _wrong(field: str, message: str) -> BadInput:
    return BadInput(message, fields={field: message})


def _values(
    request: web.Request,
    snapshot: Snapshot,
    queues: list[QueueView],
    chosen: int | None,
    targets: Mapping[int, int],
) -> dict[str, Any]:
    shown = [q for q in queues if chosen in (None, q.id)]
    agents = [a for a in snapshot.agents.values() if chosen is None or chosen in a.queues]
    counts = rules.counts(agents)
    at_work = sum(number for name, number in counts.items() if name != "offline")
    total = rules.sums(shown, targets, snapshot.now)
    say = render.texts(request).gettext
    return {
        "queues": queues,
        "chosen": chosen,
        "total": total,
        "goal_note": words.goal_note(
            say, render.language(request), total.figures["service_level"].value, [targets.get(q.id) for q in shown]
        ),
        "alerts": snapshot.alerts,
        "concerns": rules.concerns(shown, agents, targets, snapshot.now),
        "tiles": rules.tiles(agents, snapshot.calls, snapshot.now),
        "blank": rules.Tile(
            AgentView(id=0, name="", short_number="", state="offline", since=snapshot.now), "off", "", "", 0.0
        ),
        "counts": counts,
        "shares": {name: round(100 * counts[name] / at_work, 2) if at_work else 0 for name in counts},
        "states": rules.STATES,
        "tones": rules.TONES,
        "texts": words.concerns(say),
        "concern_icons": words.CONCERN_ICONS,
    }


def _parts(
    request: web.Request, snapshot: Snapshot, targets: Mapping[int, int], hours: usecases.Hours
) -> dict[str, Any]:
    say, language = render.texts(request).gettext, render.language(request)

    def wait_of(since: str) -> float:
        return rules.seconds_between(since, snapshot.now)

    def tone_of(since: str, queue_id: int) -> str:
        return rules.wait_tone(wait_of(since), targets.get(queue_id, rules.DEFAULT_TARGET))

    def concern_about(item: rules.Concern) -> str:
        if item.kind == "wait":
            return f"{item.name}, {formats.phone(item.detail, language)}"
        return f"{item.name}, {words.reason(say, item.detail)}" if item.detail else item.name

    def about(tile: rules.Tile) -> str:
        if tile.agent.state in ("ringing", "talking"):
            with_whom = [formats.phone(tile.whom, language), tile.queue]
            said = " · ".join(part for part in with_whom if part)
            return said or words.state(say, tile.agent.state, "")
        return words.state(say, tile.agent.state, tile.agent.reason)

    def spark_of(queue_id: int) -> Markup:
        return spark(rules.spark(hours.get(queue_id, ())), language, say("Service level by hour"))

    return {
        "wait_of": wait_of,
        "tone_of": tone_of,
        "concern_about": concern_about,
        "about": about,
        "spark_of": spark_of,
    }


def spark(found: rules.Spark | None, language: str, name: str) -> Markup:
    """The line as SVG; its label reads the hours out."""
    if found is None:
        return Markup("")
    values = ", ".join(f"{hour}:00 {formats.percent(share, language)}" for hour, share in found.values)
    goal = rules.height(rules.SERVICE_GOAL)
    # Every text in it is escaped; the rest are numbers and words of ours.
    return Markup(  # noqa: S704
        f'<svg class="spark" data-state="{found.tone}" viewBox="0 0 120 32" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(name)}: {escape(values)}"><path class="goal" d="M0 {goal:.1f}L120 {goal:.1f}"/>'
        f'<path class="area" d="{found.area}"/><path d="{found.line}"/></svg>'
    )
