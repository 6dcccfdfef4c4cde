"""The door to questionnaires for other features: choose one, show it in a call, say which scripts ask it."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.questionnaires import queries
from callcenter.features.questionnaires.usecases.binding import Bound, add_binder
from callcenter.features.questionnaires.usecases.editing import QuestionnaireForm, create
from callcenter.features.questionnaires.usecases.filling import FormView, view

__all__ = ["Bound", "Choice", "FormView", "QuestionnaireForm", "add_binder", "choices", "create", "view"]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a select box."""

    id: int
    name: str


async def choices(session: AsyncSession) -> list[Choice]:
    """The questionnaires that a script may ask, by name."""
    return [Choice(id=one.id, name=one.name) for one in await queries.questionnaires(session)]
