"""An import is taken back: what it made is deleted, what it changed is restored (IMP-06), in portions like its run."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime
from typing import Any

from sqlalchemy import update

from callcenter.features.contacts.api import bulk_undo
from callcenter.features.imports import queries
from callcenter.features.imports.models import Import, ImportRow
from callcenter.features.imports.rules.planning import CREATED
from callcenter.features.imports.usecases.loading import to_its_end
from callcenter.features.work import api as work

KIND = "imports.undo"
PORTION = 200
_ALL = 2**31 - 1


async def run(job: work.Run) -> dict[str, Any]:
    """Does the job; work.Runner. What people changed since is left and counted in ``kept``."""
    import_id = int(job.params["import_id"])
    try:
        return await _run(job, import_id)
    except asyncio.CancelledError:
        raise
    except Exception:
        # Cancelled or failed: what was taken back stays so, and the rest may be taken back later.
        async with job.services.db.business(job.business_id) as session:
            row = await session.get_one(Import, import_id)
            row.state = str(job.params.get("state", "done"))
        raise


async def _run(job: work.Run, import_id: int) -> dict[str, Any]:
    mark = {"below": _ALL, "deleted": 0, "restored": 0, "kept": 0, "done": job.done, **job.mark}
    while await to_its_end(_portion(job, import_id, mark)):
        pass
    return {name: mark[name] for name in ("deleted", "restored", "kept")}


async def _portion(job: work.Run, import_id: int, mark: dict[str, Any]) -> bool:
    """Takes back the last rows that are left, in one transaction with the mark; False when there are none."""
    async with job.services.db.business(job.business_id) as session:
        row = await session.get_one(Import, import_id)
        stamp = datetime.fromisoformat(row.format["stamp"])
        rows = await queries.to_undo(session, import_id, mark["below"], PORTION)
        if not rows:
            row.state, row.undone_at = "undone", job.services.clock.now()
            row.counts = dict(row.counts) | {name: mark[name] for name in ("deleted", "restored", "kept")}
            return False
        # A row may have completed what another one made: those of one kind together, the last first.
        some = list(itertools.takewhile(lambda one: one.action == rows[0].action, rows))
        if some[0].action == CREATED:
            ids = {one.contact_id for one in some if one.contact_id is not None}
            left = await bulk_undo.remove(session, ids, stamp)
            mark["deleted"] += len(ids - left)
        else:
            befores = [(one.contact_id, one.before) for one in some if one.contact_id is not None and one.before]
            left = await bulk_undo.restore(session, befores, stamp)
            mark["restored"] += len({one for one, _ in befores} - left)
        mark["kept"] += len(left)
        mark["below"], mark["done"] = some[-1].id, mark["done"] + len(some)
        await session.execute(
            update(ImportRow)
            .where(ImportRow.id.in_([one.id for one in some]))
            .values(action="undone")
            .execution_options(synchronize_session=False)
        )
        await job.keep(session, done=mark["done"], mark=dict(mark))
    return True
