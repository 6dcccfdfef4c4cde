"""Limits of figures: how a value is judged, and when an alert begins and ends (SUP-06). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from callcenter.core.i18n import N_

Level = Literal["", "warn", "alarm"]


class Kind(NamedTuple):
    """A figure that may have limits. ``worse`` says which side is bad; a ``share`` is typed in per cent."""

    title: str
    message: str
    worse: Literal["above", "below"]
    unit: Literal["count", "seconds", "share"]


FIGURES: dict[str, Kind] = {
    "waiting": Kind(
        N_("Waiting in queue"), N_("«%(queue)s»: %(value)s callers wait, the limit is %(limit)s."), "above", "count"
    ),
    "longest": Kind(
        N_("Longest wait"),
        N_("«%(queue)s»: a caller has waited %(value)s, the limit is %(limit)s."),
        "above",
        "seconds",
    ),
    "service_level": Kind(
        N_("Service level"),
        N_("«%(queue)s»: the service level is %(value)s, the limit is %(limit)s."),
        "below",
        "share",
    ),
    "asa": Kind(
        N_("Average wait"),
        N_("«%(queue)s»: the average wait is %(value)s, the limit is %(limit)s."),
        "above",
        "seconds",
    ),
    "aht": Kind(
        N_("Average handling"), N_("«%(queue)s»: handling takes %(value)s, the limit is %(limit)s."), "above", "seconds"
    ),
    "occupancy": Kind(
        N_("Occupancy"), N_("«%(queue)s»: the occupancy is %(value)s, the limit is %(limit)s."), "above", "share"
    ),
    "abandonment": Kind(
        N_("Abandonment"), N_("«%(queue)s»: %(value)s of callers are lost, the limit is %(limit)s."), "above", "share"
    ),
    "abandoned": Kind(
        N_("Lost"), N_("«%(queue)s»: %(value)s callers are lost today, the limit is %(limit)s."), "above", "count"
    ),
    "ready": Kind(
        N_("Ready now"), N_("«%(queue)s»: %(value)s agents are ready, the limit is %(limit)s."), "below", "count"
    ),
}


class Caller(Protocol):
    """Who waits."""

    @property
    def since(self) -> str: ...


class Valued(Protocol):
    """What is needed of live.views.QueueView; its figures are read by name."""

    @property
    def waiting(self) -> Sequence[Caller]: ...


def value_of(queue: Valued, figure: str, now: str) -> float | None:
    """A figure's value now: counts, seconds, or a share from 0 to 1; None while there is none."""
    if figure == "waiting":
        return float(len(queue.waiting))
    if figure == "longest":
        begin = min((caller.since for caller in queue.waiting), default=None)
        if begin is None:
            return 0.0
        return max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(begin)).total_seconds())
    found = getattr(queue, figure)
    value = found if isinstance(found, int) else found.value
    return None if value is None else float(value)


def level(value: float | None, warn: float | None, alarm: float, worse: str) -> Level:
    """How bad a value is: at the limit is bad already."""
    if value is None:
        return ""
    if beyond(value, alarm, worse):
        return "alarm"
    return "warn" if warn is not None and beyond(value, warn, worse) else ""


def beyond(value: float, limit: float, worse: str) -> bool:
    """Whether a value has reached a limit from its good side."""
    return value >= limit if worse == "above" else value <= limit


def still(on: bool, value: float | None, alarm: float, calm: float, worse: str) -> bool:
    """Whether the alert is on now: it begins at the limit and ends only ``calm`` beyond it on the good side."""
    if value is None:
        return False
    if not on:
        return beyond(value, alarm, worse)
    return beyond(value, alarm - calm if worse == "above" else alarm + calm, worse)


def said(value: float, unit: str) -> str:
    """A value as people read it, in any language."""
    if unit == "share":
        return f"{round(value * 100)} %"
    if unit == "seconds":
        whole = round(value)
        return f"{whole // 60}:{whole % 60:02}"
    return str(round(value))
