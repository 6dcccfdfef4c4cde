"""Reads the card's form, as browsers send it, into the same struct that programs send as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.pages.views import ContactView
from callcenter.features.contacts.usecases.forms import ChannelForm, ClientForm, PhoneForm
from callcenter.http import render

_IDS = ("organisation_id", "type_id", "warmth_id", "responsible_id")


async def client_form(request: web.Request) -> ClientForm:
    """The form as far as it has each field: ``phones.0.number``, ``channels.1.value``, ``values.12`` and so on.

    ``has`` names lists that the form shows, so that an empty one can be told from one that is not there.
    Empty rows are left out, so that an error's place counts the rows that are shown again.
    """
    if request.content_type == "application/json":
        return await render.body(request, ClientForm)
    form = await request.post()
    sent: dict[str, list[str]] = {}
    for name in form:
        sent[name] = [value for value in form.getall(name) if isinstance(value, str)]
    if any("\x00" in value for values in sent.values() for value in values):
        raise BadInput(N_("Some data cannot be used."), code="nul")
    return read(sent)


def read(sent: dict[str, list[str]]) -> ClientForm:
    """The same for names and values that were read already."""
    known = {field for field in ClientForm.__struct_fields__ if field not in ("phones", "channels", "values", "lists")}
    values: dict[str, Any] = {}
    for name, given in sent.items():
        if name in ("managers", "tags"):
            values[name] = [int(one) for one in given if _whole(one)]
        elif name in _IDS:
            values[name] = int(given[-1]) if given and _whole(given[-1]) else None
        elif name in known and given:
            values[name] = given[-1]
    has = set(sent.get("has", ()))
    if "managers" in has:
        values.setdefault("managers", [])
    if "phones" in has:
        rows = _rows(sent, "phones", ("number", "kind"))
        values["phones"] = [PhoneForm(number=row["number"], kind=row["kind"]) for row in rows if row["number"].strip()]
    if "channels" in has:
        rows = _rows(sent, "channels", ("kind", "value"))
        values["channels"] = [ChannelForm(kind=row["kind"], value=row["value"]) for row in rows if row["value"].strip()]
    own = {name.removeprefix("values."): given[-1] for name, given in sent.items() if name.startswith("values.")}
    if own:
        values["values"] = own
    # The id of an organisation that was picked counts; without it the name that was typed does.
    if "organisation" in values and values.get("organisation_id") is None:
        values.pop("organisation_id", None)
    return ClientForm(**values)


def _rows(sent: dict[str, list[str]], name: str, parts: Iterable[str]) -> list[dict[str, str]]:
    """Rows named ``phones.<place>.<part>``, in the order of their places."""
    places = sorted(
        {int(key.split(".")[1]) for key in sent if key.startswith(f"{name}.") and _whole(key.split(".")[1])}
    )
    return [{part: (sent.get(f"{name}.{place}.{part}") or [""])[-1] for part in parts} for place in places[:100]]


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def filled(view: ContactView) -> ClientForm:
    """The form of a card that is there, before anything is typed."""
    return ClientForm(
        name=view.name if view.name != view.inn else "",
        first_name=view.first_name,
        last_name=view.last_name,
        sex=view.sex,
        birth_date=view.birth_date,
        position=view.position,
        organisation=view.organisation,
        organisation_id=view.organisation_id,
        address=view.address,
        city=view.own_city,
        industry=view.industry,
        inn=view.inn,
        kpp=view.kpp,
        description=view.description,
        currency=view.currency,
        type_id=view.type_id,
        warmth_id=view.warmth_id,
        access=view.access,
        responsible_id=view.responsible_id,
        managers=[one.id for one in view.managers],
        phones=[PhoneForm(number=one.e164, kind=one.kind) for one in view.phones],
        channels=[ChannelForm(kind=one.kind, value=one.value) for one in view.channels],
        values=dict(view.values),
    )
