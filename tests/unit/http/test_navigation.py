"""The shell's navigation: what stands under a heading that opens."""

from __future__ import annotations

from callcenter.http.routes import NavItem, grouped


def item(path: str, group: str = "") -> NavItem:
    return NavItem(path, path, "star", "p", 1, group=group)  # type: ignore[arg-type]


def test_three_of_a_group_stand_under_its_heading_where_the_first_one_would() -> None:
    items = [item("/a"), item("/b", "routing"), item("/c"), item("/d", "routing"), item("/e", "routing")]
    shown = [(one.title, [entry.path for entry in one.items]) for one in grouped(items)]
    assert shown == [("", ["/a"]), ("Taking calls", ["/b", "/d", "/e"]), ("", ["/c"])]


def test_two_of_a_group_need_no_heading() -> None:
    shown = grouped([item("/b", "service"), item("/d", "service")])
    assert [(one.title, len(one.items)) for one in shown] == [("", 2)]
