"""Views are saved, renamed, shared and deleted; how a person left a list is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.views import rules
from callcenter.features.views.models import SavedView
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_ALL


class ViewForm(msgspec.Struct, kw_only=True):
    """A view to save: the list ``page``, a ``title``, what is shown (``state``), and whether all may use it."""

    page: str
    title: str
    state: dict[str, Any]
    shared: bool = False


class ViewChange(msgspec.Struct, kw_only=True):
    """What of a view is to change."""

    title: str | None = None
    state: dict[str, Any] | None = None
    shared: bool | None = None


async def views(session: AsyncSession, person: Current, page: str) -> list[SavedView]:
    """A person's own views of a list and those that are shared, in their order."""
    statement = (
        select(SavedView)
        .where(
            SavedView.page == page,
            SavedView.title != "",
            or_(SavedView.owner_id == person.membership_id, SavedView.shared),
        )
        .order_by(SavedView.position, SavedView.id)
    )
    return list(await session.scalars(statement))


async def save(session: AsyncSession, person: Current, form: ViewForm, at: datetime) -> SavedView:
    """A new view. Raises BadInput, Forbidden."""
    title = rules.title(form.title)
    if form.shared:
        _may_share(person)
    there = await views(session, person, form.page[:30])
    if len(there) >= rules.MAX_VIEWS:
        raise BadInput(N_("There are %(limit)s views already. Delete one first."), limit=rules.MAX_VIEWS)
    view = SavedView(
        page=form.page[:30],
        title=title,
        owner_id=person.membership_id,
        shared=form.shared,
        position=len(there),
        state=_fitting(form.state),
        changed_at=at,
    )
    session.add(view)
    await session.flush()
    return view


async def change(session: AsyncSession, person: Current, view_id: int, form: ViewChange, at: datetime) -> SavedView:
    """Renames a view, shares it, or makes it show something else. NotFound, Forbidden, BadInput."""
    view = await _changeable(session, person, view_id)
    if form.title is not None:
        view.title = rules.title(form.title)
    if form.shared is not None and form.shared != view.shared:
        _may_share(person)
        view.shared = form.shared
    if form.state is not None:
        view.state = _fitting(form.state)
    view.changed_at = at
    await session.flush()
    return view


async def delete(session: AsyncSession, person: Current, view_id: int) -> None:
    """Deletes a view; the clients in it stay. NotFound, Forbidden."""
    await session.delete(await _changeable(session, person, view_id))
    await session.flush()


async def last(session: AsyncSession, person: Current, page: str) -> dict[str, Any]:
    """How the person left the list; {} = never seen."""
    view = await _last(session, person, page)
    return dict(view.state) if view else {}


async def remember(session: AsyncSession, person: Current, page: str, state: dict[str, Any], at: datetime) -> None:
    """Keeps how the person leaves the list; writes only what changed."""
    view = await _last(session, person, page)
    if view is None:
        session.add(SavedView(page=page, owner_id=person.membership_id, state=state, changed_at=at))
    elif view.state != state:
        view.state, view.changed_at = state, at
    await session.flush()


async def _last(session: AsyncSession, person: Current, page: str) -> SavedView | None:
    return await session.scalar(
        select(SavedView).where(
            SavedView.page == page, SavedView.owner_id == person.membership_id, SavedView.title == ""
        )
    )


async def _changeable(session: AsyncSession, person: Current, view_id: int) -> SavedView:
    view = await session.scalar(select(SavedView).where(SavedView.id == view_id, SavedView.title != ""))
    if view is None or (view.owner_id != person.membership_id and not view.shared):
        raise NotFound(N_("This view is not there."))
    everything = person.can(CONTACTS_ALL)
    if not rules.may_change(view.owner_id, person.membership_id, shared=view.shared, everything=everything):
        raise Forbidden(N_("This view belongs to somebody else. Save one of your own."))
    return view


def _may_share(person: Current) -> None:
    if not person.can(CONTACTS_ALL):
        raise Forbidden(N_("You may save views for yourself only."))


def _fitting(state: dict[str, Any]) -> dict[str, Any]:
    if len(msgspec.json.encode(state)) > rules.MAX_STATE:
        raise BadInput(N_("This filter is too large to be saved."))
    return state
