"""Prices over HTTP: the settings page and the API."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import ProductError
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.numbers import api as numbers
from callcenter.features.prices import queries, rules, usecases
from callcenter.features.prices.usecases import STEPS, PriceForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services


class PriceView(msgspec.Struct, kw_only=True):
    """A price: sums as decimal texts in ``currency``; ``prefix`` '+' = all numbers, ``trunk`` '' = over any trunk."""

    id: int
    prefix: str
    trunk_id: int | None
    trunk: str
    per_minute: str
    connection: str
    step: int
    currency: str


class PriceList(msgspec.Struct, kw_only=True):
    """The business's prices by the beginning of the number."""

    prices: list[PriceView]


async def price_list(request: web.Request) -> web.Response:
    """GET /api/v1/call-prices."""
    return render.api(request, PriceList(prices=await _views(request)))


async def price_create(request: web.Request) -> web.Response:
    """POST /api/v1/call-prices."""
    made = await _save(request, await render.body(request, PriceForm), None)
    return render.api(request, await _one(request, made), status=201)


async def price_change(request: web.Request) -> web.Response:
    """PUT /api/v1/call-prices/{id}."""
    price_id = int(request.match_info["id"])
    await _save(request, await render.body(request, PriceForm), price_id)
    return render.api(request, await _one(request, price_id))


async def price_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/call-prices/{id}."""
    await _remove(request)
    return web.Response(status=204)


async def show(request: web.Request) -> web.Response:
    """GET /call-prices: the list; ``?new=1`` and ``?edit=ID`` open the form."""
    edit = request.query.get("edit", "")
    return await _page(request, int(edit) if edit.isdecimal() and len(edit) < 10 else None, "new" in request.query)


async def submit(request: web.Request) -> web.Response:
    """POST /call-prices and /call-prices/{id}: the form."""
    price_id = int(request.match_info["id"]) if "id" in request.match_info else None
    form = await render.body(request, PriceForm)
    try:
        await _save(request, form, price_id)
    except ProductError as error:
        return await _page(request, price_id, price_id is None, form=form, error=error)
    raise web.HTTPSeeOther("/call-prices")


async def remove(request: web.Request) -> web.Response:
    """POST /call-prices/{id}/delete."""
    await _remove(request)
    raise web.HTTPSeeOther("/call-prices")


async def _save(request: web.Request, form: PriceForm, price_id: int | None) -> int:
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        return (await usecases.save(session, person, form, price_id)).id


async def _remove(request: web.Request) -> None:
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        await usecases.remove(session, person, int(request.match_info["id"]))


async def _one(request: web.Request, price_id: int) -> PriceView:
    return next(one for one in await _views(request) if one.id == price_id)


async def _views(request: web.Request) -> list[PriceView]:
    business_id = current(request).business_id
    async with services(request).db.business(business_id) as session:
        found = await queries.rows(session)
        names = {one.id: one.name for one in await numbers.trunks(session)}
        business = await accounts.business(session, business_id)
    return [
        PriceView(
            id=one.id,
            prefix=one.prefix,
            trunk_id=one.trunk_id,
            trunk=names.get(one.trunk_id or 0, ""),
            per_minute=rules.typed_money(one.per_minute),
            connection=rules.typed_money(one.connection),
            step=one.step,
            currency=business.currency if business else "RUB",
        )
        for one in found
    ]


async def _page(
    request: web.Request,
    edit: int | None,
    new: bool,
    *,
    form: PriceForm | None = None,
    error: ProductError | None = None,
) -> web.Response:
    business_id = current(request).business_id
    views = await _views(request)
    async with services(request).db.business(business_id) as session:
        trunks = [(one.id, one.name) for one in await numbers.trunks(session)]
        business = await accounts.business(session, business_id)
    opened = next((one for one in views if one.id == edit), None)
    if form is None and opened is not None:
        form = PriceForm(
            prefix="" if opened.prefix == "+" else shown(opened.prefix),
            per_minute=opened.per_minute,
            connection=opened.connection,
            step=opened.step,
            trunk_id=opened.trunk_id,
        )
    return render.page(
        request,
        "prices/list.html",
        status=422 if error else 200,
        prices=views,
        opened=opened,
        new=new,
        form=form or PriceForm(),
        trunks=trunks,
        steps=STEPS,
        currency=business.currency if business else "RUB",
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
    )
