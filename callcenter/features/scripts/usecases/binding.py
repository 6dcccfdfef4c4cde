"""Which script asks which questionnaire (OUT-30)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.questionnaires import api as questionnaires
from callcenter.features.scripts import queries


async def bound(session: AsyncSession) -> list[questionnaires.Bound]:
    """All scripts of the business."""
    return [
        questionnaires.Bound(one.id, one.name, one.questionnaire_id, one.archived_at is not None)
        for one in await queries.scripts(session, archived=None)
    ]
