"""The rules of the card: who may give a client away, who may change the history, the order of fields, files' names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.contacts import gateway
from callcenter.features.contacts.pages import forms
from callcenter.features.contacts.pages.setup import choice_form, layout_form
from callcenter.features.contacts.rules import access, fields, history
from callcenter.features.contacts.rules.access import Card, Viewer
from callcenter.features.contacts.rules.fields import CardField


@pytest.mark.rule("CON-28")
@pytest.mark.parametrize(
    ("who", "owner", "allowed"),
    [
        (Viewer(1), 1, True),
        (Viewer(2), 1, False),
        (Viewer(2, everything=True), 1, False),
        (Viewer(2, private=True), 1, True),
        (Viewer(2), None, True),
    ],
)
def test_who_gives_a_client_to_somebody_else(who: Viewer, owner: int | None, allowed: bool) -> None:
    assert access.may_move(who, Card("client", "write", owner, frozenset({2}))) is allowed


@pytest.mark.rule("CON-32")
@pytest.mark.parametrize(
    ("who", "kind", "allowed"),
    [
        (Viewer(1), "comment", True),
        (Viewer(2, everything=True), "comment", False),
        (Viewer(2, private=True), "letter", True),
        (Viewer(1), "responsible", False),
        (Viewer(1, private=True), "merge", False),
    ],
)
def test_who_changes_an_entry_of_the_history(who: Viewer, kind: str, allowed: bool) -> None:
    assert history.may_edit(who, Card("client", "write", 1, frozenset({2})), kind) is allowed


def test_a_cursor_is_read_back_and_nonsense_is_none() -> None:
    found = history.cursor("2026-03-02T09:00:00.000001+00:00~3")
    assert found is not None
    assert history.cursor(history.cursor_text(found)) == found
    for text in ("", "x", "2026-03-02T09:00:00", "2026-03-02T09:00:00+00:00~-1", "2026-03-02T09:00:00+00:00~x"):
        assert history.cursor(text) is None


@pytest.mark.rule("CON-02", "CON-04")
def test_fixed_fields_stay_and_new_base_fields_come_last() -> None:
    kept = [CardField("inn", None, "", "text", hidden=True), CardField("", 7, "Своё", "text", hidden=True)]
    shown = fields.arranged("organisation", kept)
    assert [one.ref for one in shown[:2]] == ["inn", "7"]
    assert (shown[0].hidden, shown[1].hidden) == (False, True)
    assert {one.key for one in shown if one.key} == {one.key for one in fields.base_fields("organisation")}


@given(st.text(max_size=400))
def test_a_files_name_is_always_safe(name: str) -> None:
    safe = gateway.safe_name(name)
    assert safe
    assert len(safe) <= 200
    assert not set(safe) & set('/\\<>:"|?*\r\n\0')
    assert safe not in (".", "..")


def test_a_picture_that_is_none_is_refused() -> None:
    for raw in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40):
        with pytest.raises(BadInput):
            gateway.photo(raw)


def test_the_form_of_a_card_is_read() -> None:
    sent = {
        "has": ["phones", "managers"], "phones.7.number": [" "], "phones.9.number": ["12"], "phones.9.kind": ["work"],
        "organisation": ["Окна"], "organisation_id": [""], "type_id": [""], "values.3": ["a"], "responsible_id": ["5"],
        "phones.x.number": ["no"], "lists": ["1"],
    }  # fmt: skip
    form = forms.read(sent)
    assert isinstance(form.phones, list)
    assert [(one.number, one.kind) for one in form.phones] == [("12", "work")]
    assert (form.managers, form.type_id, form.responsible_id, form.values) == ([], None, 5, {"3": "a"})
    assert form.organisation == "Окна"
    assert form.organisation_id is not None
    assert forms.read(sent | {"organisation_id": ["4"]}).organisation_id == 4


def test_the_forms_of_the_set_up_are_read() -> None:
    layout = layout_form(
        {"order": ["own:3", "key:phone", "new:1", "own:4"], "deleted.own:4": ["1"], "shown.key:phone": ["1"],
         "title.new:1": ["Пакет"], "type.new:1": ["list"], "options.new:1": ["a\r\nb"]}
    )  # fmt: skip
    assert [(one.key, one.id, one.hidden) for one in layout.fields] == [
        ("", 3, True),
        ("phone", None, False),
        ("", None, True),
    ]
    assert (layout.deleted, layout.fields[2].options) == ([4], ["a", "b"])
    words = choice_form({"order": ["5", "new:1", "6"], "title.5": ["Да"], "title.new:1": [" "], "deleted.6": ["1"]})
    assert [(one.id, one.title, one.active) for one in words.choices] == [(5, "Да", False)]
