"""What an administrator does with prices: set one, change it, take it away."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.numbers import api as numbers
from callcenter.features.prices import queries, rules
from callcenter.features.prices.models import CallPrice
from callcenter.http.current import Current

STEPS = {
    60: N_("Every minute begun"),
    1: N_("By the second"),
    30: N_("Every half minute begun"),
    6: N_("Every 6 s begun"),
}
MOST = 5000


class PriceForm(msgspec.Struct, kw_only=True):
    """A price: ``prefix`` as typed (empty = all numbers), sums as people write them, ``step`` in seconds."""

    prefix: str = ""
    per_minute: str = ""
    connection: str = ""
    step: int = 60
    trunk_id: int | None = None


async def save(session: AsyncSession, person: Current, form: PriceForm, price_id: int | None = None) -> CallPrice:
    """Sets a price or changes one; BadInput names the field, Conflict when there is one for the same numbers."""
    values = await _checked(session, form)
    there = await queries.rows(session)
    if any(
        one.prefix == values["prefix"] and one.trunk_id == values["trunk_id"] and one.id != price_id for one in there
    ):
        message = N_("There is a price for these numbers already. Change that one.")
        raise Conflict(message, code="price_exists", fields={"prefix": message})
    if price_id is None:
        if len(there) >= MOST:
            raise Conflict(N_("There are too many prices. Delete some first."))
        row = CallPrice(**values)
        session.add(row)
    else:
        found = await queries.row(session, price_id)
        if found is None:
            raise NotFound(N_("This price is not there."))
        row = found
        for name, value in values.items():
            setattr(row, name, value)
    await session.flush()
    await accounts.audit(session, person, "price.save", "price", row.id, prefix=row.prefix)
    return row


async def remove(session: AsyncSession, person: Current, price_id: int) -> None:
    """Takes a price away; calls of the past keep what they cost."""
    row = await queries.row(session, price_id)
    if row is None:
        raise NotFound(N_("This price is not there."))
    await session.delete(row)
    await accounts.audit(session, person, "price.delete", "price", price_id, prefix=row.prefix)


async def _checked(session: AsyncSession, form: PriceForm) -> dict[str, int | str | None]:
    wrong: dict[str, str] = {}
    prefix = rules.prefix(form.prefix)
    if prefix is None:
        wrong["prefix"] = N_("Write the beginning of a number like +7 495, or leave it empty for all numbers.")
    per_minute, connection = rules.money(form.per_minute), rules.money(form.connection)
    for name, value, typed in (
        ("per_minute", per_minute, form.per_minute),
        ("connection", connection, form.connection),
    ):
        if value is None or (name == "per_minute" and not typed.strip()):
            wrong[name] = N_("Write a price like 1.85, with at most four digits after the point.")
    if form.step not in STEPS:
        wrong["step"] = N_("Choose a value from the list.")
    if form.trunk_id is not None and form.trunk_id not in {one.id for one in await numbers.trunks(session)}:
        wrong["trunk_id"] = N_("Choose a value from the list.")
    if wrong:
        raise BadInput(N_("The price was not saved: correct the marked fields."), fields=wrong)
    return {
        "prefix": prefix,
        "trunk_id": form.trunk_id,
        "per_minute": per_minute,
        "connection": connection,
        "step": form.step,
    }
