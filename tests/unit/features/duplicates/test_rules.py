"""Which cards are duplicates, which one stays, and what fills its empty fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.contacts.rules import merging
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.rules import Candidate, Match, Settings, choose_base

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def card(**more: Any) -> dict[str, Any]:
    """An empty person."""
    empty: dict[str, Any] = dict.fromkeys(merging.FIELDS, "")
    numbers = ("type_id", "warmth_id", "responsible_id", "birth_date", "number", "organisation_id")
    return {"kind": "person", **empty, **dict.fromkeys(numbers), **merging.SWITCHES, **more}


def test_matches_over_others_are_one_group() -> None:
    found = rules.groups(
        [Match("phone", "+71", (7, 3)), Match("email", "a@b.ru", (7, 9)), Match("phone", "+72", (20, 21))]
    )
    assert [group.ids for group in found] == [(3, 7, 9), (20, 21)]
    assert found[0].matched == {
        3: [("phone", "+71")],
        7: [("phone", "+71"), ("email", "a@b.ru")],
        9: [("email", "a@b.ru")],
    }


@given(st.lists(st.sets(st.integers(0, 30), min_size=1, max_size=4), max_size=25))
def test_groups_are_the_connected_parts_in_any_order(some: list[set[int]]) -> None:
    matches = [Match("phone", str(n), tuple(ids)) for n, ids in enumerate(some)]
    found = rules.groups(matches)
    assert [group.ids for group in rules.groups(reversed(matches))] == [group.ids for group in found]
    every = [one for group in found for one in group.ids]
    assert len(every) == len(set(every))
    where = {one: number for number, group in enumerate(found) for one in group.ids}
    for ids in some:
        if len(ids) > 1:
            assert len({where[one] for one in ids}) == 1
    assert all(len(group.ids) > 1 for group in found)


@pytest.mark.rule("IMP-28")
def test_the_base_is_chosen_by_one_of_four_criteria() -> None:
    cards = [
        Candidate(1, AT + timedelta(days=2), filled=9, active=41),
        Candidate(2, AT, filled=1, active=2),
        Candidate(3, AT + timedelta(days=5), filled=2, active=3),
        Candidate(4, AT + timedelta(days=1), filled=9, active=40),
        Candidate(5, AT - timedelta(days=9), saved=False, filled=99, active=99),
    ]
    chosen = {criterion: choose_base(cards, criterion) for criterion in rules.BASES}
    assert chosen == {"oldest": 2, "newest": 3, "filled": 4, "active": 1}
    assert all(choose_base(cards[::-1], criterion) == one for criterion, one in chosen.items())


def test_settings_with_which_nothing_can_be_found_are_refused() -> None:
    rules.check(Settings())
    for wrong, field in ((Settings(criteria=[]), "criteria"), (Settings(place="chosen"), "members")):
        with pytest.raises(BadInput) as caught:
            rules.check(wrong)
        assert field in caught.value.fields


@pytest.mark.rule("IMP-33")
def test_others_fill_only_empty_fields() -> None:
    base = card(first_name="Анна", name="Анна", city="Москва", number=5)
    first = card(first_name="анна", last_name="Петрова", name="Анна Петрова", city="Тула", inn="1", type_id=3, number=6)
    second = card(first_name="Олег", last_name="Сидоров", name="Олег Сидоров", position="Врач", type_id=4)
    filled = merging.filled(base, [first, second])
    assert filled == {"last_name": "Петрова", "name": "Анна Петрова", "inn": "1", "type_id": 3, "position": "Врач"}


def test_a_stranger_s_surname_is_not_put_to_a_first_name() -> None:
    base = card(first_name="Анна", name="Анна")
    assert merging.filled(base, [card(first_name="Олег", last_name="Сидоров", name="Олег Сидоров")]) == {}


def test_a_refusal_of_mailings_and_a_private_card_are_not_lost() -> None:
    filled = merging.filled(card(), [card(subscribed=False), card(access="private", blocked=True)])
    assert filled == {"subscribed": False, "access": "private", "blocked": True}
    assert merging.filled(card(access="read"), [card(access="private")]) == {}
