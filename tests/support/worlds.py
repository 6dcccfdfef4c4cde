"""Random companies for the simulator's test: numbers, hours, menus, queues, forwarding, and what is so there."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from callcenter.core.routing import NEVER, Asked, Relaxation, Survey
from callcenter.telephony.config.model import (
    ENDLESS,
    HANGUP,
    KEYS,
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
from callcenter.telephony.config.simulate import AgentEnd, QueueEnd, State

ZONES = ("Europe/Moscow", "Asia/Vladivostok", "America/New_York", "UTC")
PROMPTS = tuple(f"p{n}" for n in range(6))
CALLERS = ("", "+79161112233", "+79164445566")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
ASKED = Asked(skill_id=1, level=4, relax=(Relaxation(after=1, level=1),))
PER_WORLD = 40
"""Ids of one world: its business is n, its rows are n * PER_WORLD + 0 … 39."""


@dataclass(frozen=True)
class World:
    """A business, what is so there, calls to make, and the rank (penalty) of the member of queues that ask for a skill.

    Whom no relaxation lets in answers by all means, so that a caller who waits shows that he is not rung.
    """

    business: int
    state: State
    calls: tuple[tuple[int, datetime, str, tuple[str, ...]], ...]
    ranks: dict[int, int]


@dataclass(frozen=True)
class Ports:
    """Where telephones answer, only ring, and refuse."""

    answers: int
    rings: int
    refuses: int


def make(seed: int, count: int, ports: Ports, system: System) -> tuple[Model, list[World]]:
    """``count`` worlds in one model; the same seed gives the same."""
    model = Model(system=system)
    worlds = []
    for n in range(1, count + 1):
        part, world = _world(random.Random(f"{seed}.{n}"), n, ports)
        model = replace(
            model,
            **{
                name: getattr(model, name) + getattr(part, name)
                for name in ("businesses", "trunks", "numbers", "menus", "queues", "agents")
            },
        )
        worlds.append(world)
    return model, worlds


def _short(target: Target) -> Target:
    """A menu that begins anew twenty times takes minutes; tests/asterisk/test_menus.py listens to one."""
    return HANGUP if target.kind == "repeat" else target


def _world(dice: random.Random, n: int, ports: Ports) -> tuple[Model, World]:
    base = n * PER_WORLD
    queue_ids, menu_ids, agent_ids = ([base + first + i for i in range(3)] for first in (0, 3, 6))
    number_ids = [base + 9 + i for i in range(2)]
    outside_answers = dice.random() < 0.6
    agents = {one: dice.choice(("answered", "no_answer", "away")) for one in agent_ids}
    queues: dict[int, QueueEnd] = {one: dice.choice(("answered", "timeout", "empty", "waiting")) for one in queue_ids}

    # Dice of their own, so that the rest of a world is what it was before.
    more = random.Random(f"skills.{n}")
    ranks = {
        one: more.choice({"answered": (0, 1), "waiting": (NEVER,)}.get(queues[one], (0, NEVER)))
        for one in queue_ids
        if more.random() < 0.4
    }

    def target(*, menus: bool = True, repeat: bool = False) -> Target:
        kinds = ["queue"] * 3 + ["agent", "external", "play", "hangup", "voicemail", "gone"]
        kinds += ["menu"] * 2 if menus else []
        kinds += ["repeat"] if repeat else []
        kind = dice.choice(kinds)
        if kind == "gone":
            return Target(kind="queue", id=base + 39)
        if kind == "external":
            return Target(kind="external", number=f"+7495{dice.randrange(10**7):07d}")
        if kind == "play":
            return Target(kind="play", prompt=dice.choice(PROMPTS))
        if kind == "voicemail":
            return dice.choice((Target(kind="voicemail"), Target(kind="agent_voicemail", id=agent_ids[0])))
        pools = {"queue": queue_ids, "menu": menu_ids, "agent": agent_ids}
        return Target(kind=kind, id=dice.choice(pools[kind])) if kind in pools else Target(kind=kind)  # type: ignore[arg-type]

    def prompt(chance: float = 0.5) -> str:
        return dice.choice(PROMPTS) if dice.random() < chance else ""

    def spans() -> tuple[tuple[int, int], ...]:
        edges = sorted(dice.sample(range(0, 1441, 30), 4))
        return dice.choice(((), ((edges[0], edges[1]),), ((edges[0], edges[1]), (edges[2], edges[3])), ((0, 1440),)))

    def hours() -> Hours | None:
        if dice.random() < 0.3:
            return None
        return Hours(zones=tuple(dice.sample(ZONES, dice.choice((1, 1, 2)))), week=tuple(spans() for _ in range(7)))

    def forward() -> Forward | None:
        if dice.random() < 0.6:
            return None
        return Forward(
            numbers=tuple(f"+7916{dice.randrange(10**7):07d}" for _ in range(dice.choice((1, 2)))),
            seconds=1, attempts=dice.choice((1, 2)), show=dice.choice(("caller", "called")),
        )  # fmt: skip

    model = Model(
        system=None,  # type: ignore[arg-type]
        businesses=(
            Business(
                id=n,
                language=dice.choice(("ru", "en")),
                days=tuple(SpecialDay(day=(MONDAY + timedelta(days=d)).date(), spans=spans()) for d in (2, 5)),
                emergency=prompt(),
            ),
        ),
        trunks=(
            Trunk(
                id=n, business_id=n, name="T", host="127.0.0.1", match=f"127.9.{n // 250}.{n % 250 + 1}",
                port=ports.answers if outside_answers else ports.refuses,
            ),
        ),
        numbers=tuple(
            Number(
                id=one, business_id=n, e164=f"+7499{one:07d}", target=target(), greeting=prompt(), waiting=prompt(0.3),
                busy=prompt(0.3), nobody=prompt(), closed=prompt(), hours=hours(),
                closed_target=dice.choice((HANGUP, target())), menu_id=dice.choice((None, *menu_ids)),
                own_first=dice.random() < 0.3, own_seconds=1, forward=forward(), record=dice.random() < 0.5,
            )
            for one in number_ids
        ),
        menus=tuple(
            Menu(
                id=one, business_id=n, name="M", prompt=prompt(0.8), wait_seconds=1,
                repeats=dice.choice((0, 1, 2, ENDLESS)), activity=dice.choice(("always", "open", "closed", "never")),
                timeout=_short(target(repeat=True)),
                keys=tuple(
                    Key(key=key, target=target(repeat=True)) for key in dice.sample(KEYS, dice.randrange(1, 5))
                ),
            )
            for one in menu_ids
        ),
        queues=tuple(
            Queue(
                id=one, business_id=n, name="Q", ring_seconds=5, wrapup_seconds=0,
                max_wait=1 if queues[one] == "timeout" else 0, strategy="ringall",
                overflow=target(menus=False) if dice.random() < 0.3 else None, asked=ASKED if one in ranks else None,
                survey=Survey(first=PROMPTS[0]) if more.random() < 0.3 else None,
            )
            for one in queue_ids
        ),
        agents=tuple(
            Agent(
                id=one, business_id=n, name="A", short_number=str(100 + one % PER_WORLD), ring_seconds=1,
                devices=(
                    Device(kind="sip", password="robot", contact=_contact(agents[one], ports)),
                ),
            )
            for one in agent_ids
        ),
    )  # fmt: skip
    keys_there = [key.key for menu in model.menus for key in menu.keys]
    calls = tuple(
        (
            dice.choice(number_ids),
            MONDAY + timedelta(minutes=dice.randrange(7 * 1440)),
            dice.choice(CALLERS),
            tuple(dice.choice((*keys_there, *"19", "")) for _ in range(dice.randrange(4))),
        )
        for _ in range(5)
    )
    ends: dict[int, AgentEnd] = dict(agents)  # type: ignore[arg-type]
    state = State(
        blocked=frozenset(CALLERS[1:2]) if dice.random() < 0.2 else frozenset(),
        emergency=dice.random() < 0.1,
        own=dice.choice((None, agent_ids[0], agent_ids[1])),
        queues=queues,
        agents=ends,
        outside={t.number: outside_answers for t in _targets(model)}
        | {to: outside_answers for one in model.numbers if one.forward for to in one.forward.numbers},
    )
    return model, World(n, state, calls, ranks)


def _targets(model: Model) -> list[Target]:
    found = [one.target for one in model.numbers] + [one.closed_target for one in model.numbers]
    found += [menu.timeout for menu in model.menus] + [key.target for menu in model.menus for key in menu.keys]
    return [t for t in found + [q.overflow for q in model.queues if q.overflow] if t.kind == "external"]


def _contact(end: str, ports: Ports) -> str:
    port = {"answered": ports.answers, "no_answer": ports.rings}.get(end)
    return f"sip:robot@127.0.0.1:{port}" if port else ""
