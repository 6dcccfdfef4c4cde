"""Who sees, puts on, takes off and deletes which tag: a table of role × case."""

from __future__ import annotations

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.contacts.rules import bulk, labels
from callcenter.features.contacts.rules.access import Card, Viewer

ME, OTHER, ADMIN = 1, 2, 3
PEOPLE = {
    "operator": Viewer(ME, shared=False),
    "supervisor": Viewer(ME, everything=True),
    "administrator": Viewer(ME, everything=True, private=True),
}
MINE = Card("client", "default", ME)
MANAGED = Card("client", "default", OTHER, frozenset({ME}))
FOREIGN = Card("client", "write", OTHER)
NOBODYS = Card("client", "default", None)


@pytest.mark.rule("CON-36")
@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("operator", {"mine", "managed"}),
        ("supervisor", {"mine", "managed", "foreign", "nobodys"}),
        ("administrator", {"mine", "managed", "foreign", "nobodys"}),
    ],
)
def test_on_whose_clients_tags_are_put_on_and_taken_off(role: str, may: set[str]) -> None:
    cards = {"mine": MINE, "managed": MANAGED, "foreign": FOREIGN, "nobodys": NOBODYS}
    assert {name for name, card in cards.items() if labels.may_label(PEOPLE[role], card)} == may


@pytest.mark.parametrize(
    # Whose tag, whether one's own clients carry it, whom an administrator picked: who has it in his list.
    ("owner", "on_own", "picked", "seen_by"),
    [
        pytest.param(ME, False, None, {"operator", "supervisor", "administrator"}, marks=pytest.mark.rule("CON-36")),
        pytest.param(ADMIN, True, None, {"operator", "supervisor"}, marks=pytest.mark.rule("CON-36")),
        pytest.param(OTHER, True, None, {"operator", "supervisor"}, marks=pytest.mark.rule("CON-36")),
        pytest.param(OTHER, False, None, set(), marks=pytest.mark.rule("CON-34", "CON-36")),
        pytest.param(OTHER, False, OTHER, {"administrator"}, marks=pytest.mark.rule("CON-34")),
        pytest.param(ME, False, OTHER, {"operator", "supervisor"}, marks=pytest.mark.rule("CON-34")),
        pytest.param(None, True, None, {"operator", "supervisor"}),
        pytest.param(None, False, None, set()),
    ],
)
def test_which_tags_stand_in_the_list(owner: int | None, on_own: bool, picked: int | None, seen_by: set[str]) -> None:
    assert {role for role, who in PEOPLE.items() if labels.sees_in_list(who, owner, on_own, picked)} == seen_by


@pytest.mark.parametrize(
    ("owner", "on_own", "usable", "many", "deletable"),
    [
        (ME, False, {"operator", "supervisor", "administrator"}, {"operator", "supervisor", "administrator"},
         {"operator", "supervisor", "administrator"}),
        pytest.param(OTHER, True, {"operator", "supervisor", "administrator"}, {"operator", "supervisor"}, set(),
                     marks=pytest.mark.rule("CON-35")),
        pytest.param(OTHER, False, {"administrator"}, set(), set(), marks=pytest.mark.rule("CON-35")),
        (None, False, {"administrator"}, {"administrator"}, {"administrator"}),
    ],
)  # fmt: skip
def test_what_is_done_with_a_tag(
    owner: int | None, on_own: bool, usable: set[str], many: set[str], deletable: set[str]
) -> None:
    assert {role for role, who in PEOPLE.items() if labels.may_use(who, owner, on_own)} == usable
    assert {role for role, who in PEOPLE.items() if labels.may_take_off_many(who, owner, on_own)} == many
    assert {role for role, who in PEOPLE.items() if labels.may_delete(who, owner)} == deletable


@pytest.mark.rule("CON-36")
@pytest.mark.parametrize(
    ("card", "owner", "seen_by"),
    [
        (MINE, OTHER, {"operator", "supervisor", "administrator"}),
        (FOREIGN, OTHER, {"supervisor", "administrator"}),
        (FOREIGN, ME, {"operator", "supervisor", "administrator"}),
    ],
)
def test_which_tags_are_seen_on_a_card(card: Card, owner: int, seen_by: set[str]) -> None:
    assert {role for role, who in PEOPLE.items() if labels.sees_on_card(who, owner, card)} == seen_by


@pytest.mark.parametrize("typed", ["", "  ", "\n", "x" * 61])
def test_a_title_is_there_and_fits(typed: str) -> None:
    with pytest.raises(BadInput) as error:
        labels.title(typed, labels.MAX_TAG)
    assert list(error.value.fields) == ["title"]


def test_titles_are_compared_without_capitals() -> None:
    assert labels.title("  Важный   клиент ", 60) == "Важный клиент"
    assert labels.key("ВАЖНЫЙ") == labels.key("важный")


def test_limits_of_an_action() -> None:
    bulk.check_count(10_000, 10_000)
    bulk.check_count(1_000_000, None)
    for count, at_most in ((10_001, 10_000), (0, None)):
        with pytest.raises(BadInput):
            bulk.check_count(count, at_most)
    bulk.check_confirmed(5, 5)
    for confirmed in (None, 4):
        with pytest.raises(BadInput):
            bulk.check_confirmed(confirmed, 5)
    assert bulk.added({"already": 1}, {"already": 2, "gone": 1}) == {"already": 3, "gone": 1}
