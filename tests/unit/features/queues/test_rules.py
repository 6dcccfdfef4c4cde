"""The plan that brings Asterisk's queue members to what agents want: by example, and by simulation."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.directory import DeviceKind
from callcenter.features.queues.rules import (
    LOST_PHONE_GRACE,
    Command,
    Member,
    Wish,
    device_to_ring,
    interface,
    plan,
)

NOW = 1000.0
W, S = "PJSIP/a12w", "PJSIP/a12s"


def wish(wanted: str = "ready", online: str = "w", queues: tuple[int, ...] = (7,), **more: object) -> Wish:
    kinds: set[DeviceKind] = set()
    if "w" in online:
        kinds.add("webrtc")
    if "s" in online:
        kinds.add("sip")
    return Wish(12, wanted, frozenset(kinds), dict.fromkeys(queues, 0), **more)  # type: ignore[arg-type]


def commands(a_wish: Wish | None, *present: Member, now: float = NOW) -> tuple[Command, ...]:
    return plan({12: a_wish} if a_wish else {}, present, now).commands


def test_the_browser_rings_before_the_sip_phone() -> None:
    assert device_to_ring(["sip", "webrtc"]) == "webrtc"
    assert device_to_ring(["sip"]) == "sip"
    assert device_to_ring([]) is None


def test_ready_with_a_phone_on_line_stands_in_each_of_his_queues() -> None:
    assert commands(wish(queues=(7, 8))) == (
        Command("add", 7, 12, W),
        Command("add", 8, 12, W),
    )


def test_ready_without_a_phone_stands_nowhere_and_comes_in_when_the_phone_registers() -> None:
    assert commands(wish(online="")) == ()
    assert commands(wish(online="s")) == (Command("add", 7, 12, S),)


def test_a_phone_that_registers_before_he_is_ready_waits_for_him() -> None:
    assert commands(wish("offline", "w")) == ()
    assert commands(wish("ready", "w")) == (Command("add", 7, 12, W),)


def test_paused_stands_in_the_queue_and_is_not_rung() -> None:
    assert commands(wish("paused", reason="lunch")) == (Command("add", 7, 12, W, True, 0, "lunch"),)
    assert commands(wish("paused", reason="lunch"), Member(7, 12, W, False)) == (
        Command("pause", 7, 12, W, True, 0, "lunch"),
    )
    assert commands(wish("ready"), Member(7, 12, W, True)) == (Command("unpause", 7, 12, W),)


def test_going_off_line_leaves_every_queue() -> None:
    there = (Member(7, 12, W, False), Member(8, 12, W, True))
    assert commands(wish("offline", queues=(7, 8)), *there) == (
        Command("remove", 7, 12, W),
        Command("remove", 8, 12, W),
    )


def test_members_of_strangers_and_of_queues_he_left_are_removed() -> None:
    assert commands(None, Member(7, 12, W, False)) == (Command("remove", 7, 12, W),)
    assert commands(wish(queues=()), Member(7, 12, W, False)) == (Command("remove", 7, 12, W),)


def test_another_phone_comes_in_before_the_old_one_leaves() -> None:
    assert commands(wish(online="ws"), Member(7, 12, S, False)) == (
        Command("add", 7, 12, W),
        Command("remove", 7, 12, S),
    )


def test_a_page_that_is_loaded_anew_keeps_its_place() -> None:
    lost = wish(online="", lost_at={"webrtc": NOW - 1})
    found = plan({12: lost}, [Member(7, 12, W, False)], NOW)
    assert found.commands == ()
    assert found.again_at == NOW - 1 + LOST_PHONE_GRACE
    assert commands(lost, Member(7, 12, W, False), now=NOW + LOST_PHONE_GRACE) == (Command("remove", 7, 12, W),)


def test_the_sip_phone_takes_over_after_the_grace() -> None:
    lost = wish(online="s", lost_at={"webrtc": NOW - 1})
    assert commands(lost, Member(7, 12, W, False)) == ()
    assert commands(lost, Member(7, 12, W, False), now=NOW + LOST_PHONE_GRACE) == (
        Command("add", 7, 12, S),
        Command("remove", 7, 12, W),
    )


def test_a_phone_that_left_gets_no_place_by_its_grace() -> None:
    assert commands(wish(online="", lost_at={"webrtc": NOW})) == ()


def test_pausing_during_the_grace_works() -> None:
    lost = wish("paused", online="", lost_at={"webrtc": NOW})
    assert commands(lost, Member(7, 12, W, False)) == (Command("pause", 7, 12, W, True),)


def carry_out(present: set[Member], found: tuple[Command, ...]) -> set[Member]:
    """What Asterisk would have afterwards."""
    members = {(m.queue_id, m.interface): m for m in present}
    for c in found:
        key = (c.queue_id, c.interface)
        if c.kind == "remove":
            del members[key]
        else:
            assert (c.kind == "add") == (key not in members)
            members[key] = Member(c.queue_id, c.agent_id, c.interface, c.paused)
    return set(members.values())


KINDS = st.sampled_from(["webrtc", "sip"])
WISHES = st.dictionaries(
    st.integers(1, 4),
    st.tuples(
        st.sampled_from(["offline", "ready", "paused"]),
        st.frozensets(KINDS),
        st.frozensets(st.integers(1, 3)),
        st.dictionaries(KINDS, st.floats(NOW - 20, NOW)),
    ),
)
PRESENT = st.sets(st.tuples(st.integers(1, 3), st.integers(1, 5), KINDS, st.booleans()), max_size=12)


@given(WISHES, PRESENT)
def test_one_plan_is_enough_from_any_mess(
    raw: dict[int, tuple[str, frozenset[DeviceKind], frozenset[int], dict[DeviceKind, float]]],
    mess: set[tuple[int, int, DeviceKind, bool]],
) -> None:
    wishes = {
        a: Wish(
            a,
            wanted,
            online,
            dict.fromkeys(queues, 0),
            "",
            {k: t for k, t in lost.items() if k not in online},
        )
        for a, (wanted, online, queues, lost) in raw.items()  # type: ignore[arg-type]
    }
    there = {(q, interface(a, k)): Member(q, a, interface(a, k), paused) for q, a, k, paused in mess}
    later = NOW + LOST_PHONE_GRACE + 1
    now_there = carry_out(set(there.values()), plan(wishes, there.values(), later).commands)
    assert plan(wishes, now_there, later).commands == ()
    expected = {
        Member(q, a, interface(a, kind), w.wanted == "paused")
        for a, w in wishes.items()
        if w.wanted != "offline" and (kind := device_to_ring(w.online))
        for q in w.queues
    }
    assert now_there == expected


@given(WISHES, PRESENT)
def test_a_plan_says_when_to_look_again(
    raw: dict[int, tuple[str, frozenset[DeviceKind], frozenset[int], dict[DeviceKind, float]]],
    mess: set[tuple[int, int, DeviceKind, bool]],
) -> None:
    wishes = {
        a: Wish(
            a,
            wanted,
            online,
            dict.fromkeys(queues, 0),
            "",
            {k: t for k, t in lost.items() if k not in online},
        )
        for a, (wanted, online, queues, lost) in raw.items()  # type: ignore[arg-type]
    }
    there = {(q, interface(a, k)): Member(q, a, interface(a, k), paused) for q, a, k, paused in mess}
    members, now = set(there.values()), NOW
    for _ in range(30):
        found = plan(wishes, members, now)
        members = carry_out(members, found.commands)
        if found.again_at is None:
            break
        assert found.again_at > now
        now = found.again_at
    else:
        raise AssertionError("never settles")
    assert members == carry_out(members, plan(wishes, members, now + 1000).commands)


def _carry_out(there: list[Member], commands: Iterable[Command]) -> list[Member]:
    """Asterisk's list of members after the commands; new ones stand at the end."""
    for one in commands:
        key = (one.queue_id, one.interface)
        if one.kind == "remove":
            there = [m for m in there if (m.queue_id, m.interface) != key]
        elif one.kind == "add" and key not in [(m.queue_id, m.interface) for m in there]:
            there = [*there, Member(one.queue_id, one.agent_id, one.interface, one.paused)]
        elif one.kind in ("pause", "unpause"):
            there = [m._replace(paused=one.paused) if (m.queue_id, m.interface) == key else m for m in there]
    return there


@pytest.mark.rule("INB-06")
@given(
    order=st.permutations(range(1, 7)),
    there=st.lists(st.sampled_from([(n, kind) for n in range(1, 9) for kind in "ws"]), unique=True),
    paused=st.sets(st.integers(1, 6)),
    offline=st.sets(st.integers(1, 6)),
)
def test_members_of_a_fixed_order_stand_in_it(
    order: list[int], there: list[tuple[int, str]], paused: set[int], offline: set[int]
) -> None:
    wishes = {
        n: Wish(
            n, "offline" if n in offline else "paused" if n in paused else "ready", frozenset({"sip"}), {7: 0, 8: 0}
        )
        for n in order
    }
    present = [Member(queue, n, f"PJSIP/a{n}{kind}", False) for queue in (7, 8) for n, kind in there]
    steps = plan(wishes, present, 0.0, {7: order}).commands
    after = _carry_out(present, steps)
    mine = [m for m in after if m.queue_id == 7]
    assert [m.agent_id for m in mine] == [n for n in order if n not in offline]
    assert all(m.paused == (m.agent_id in paused) for m in mine)
    assert plan(wishes, after, 0.0, {7: order}).commands == ()
    # The other queue's members are not moved.
    assert not [one for one in steps if one.queue_id == 8 and one.interface in {m.interface for m in present}
                and one.kind == "add"]  # fmt: skip


def test_only_those_behind_the_newcomer_are_moved() -> None:
    wishes = {n: Wish(n, "ready", frozenset({"sip"}), {7: 0}) for n in (1, 2, 3, 4)}
    present = [Member(7, n, f"PJSIP/a{n}s", False) for n in (1, 2, 4)]
    steps = plan(wishes, present, 0.0, {7: [1, 2, 3, 4]}).commands
    assert [(one.kind, one.agent_id) for one in steps] == [("add", 3), ("remove", 4), ("add", 4)]
