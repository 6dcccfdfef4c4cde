"""Working hours of a change in words: equal days stand together."""

from __future__ import annotations

from callcenter.features.dialplan.rules import changes, words


def said(week: list[list[list[int]]], zone: str = "") -> str:
    number = {"id": 1, "e164": "+74950000001", "hours": None}
    after = {"numbers": [number | {"hours": {"week": week, "zone": zone}}]}
    (change,) = changes.between({"numbers": [number]}, after)
    value = change.fields[0].after
    return words.fill(str, value.text, value.values)


WORK = [[540, 1080]]


def test_equal_days_stand_together_and_closed_ones_are_left_out() -> None:
    assert said([WORK] * 5 + [[], []]) == "Mon–Fri 09:00–18:00"
    assert said([WORK] * 7) == "Mon–Sun 09:00–18:00"
    assert said([WORK, [], WORK, WORK, [], [[600, 720], [780, 900]], []], "Asia/Omsk") == (
        "Mon 09:00–18:00, Wed–Thu 09:00–18:00, Sat 10:00–12:00, 13:00–15:00 (Asia/Omsk)"
    )
    assert said([[]] * 7) == "never open"
