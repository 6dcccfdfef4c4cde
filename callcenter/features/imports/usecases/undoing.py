"""An import is taken back: what it made is deleted, what it changed is restored (IMP-06), in portions like its run."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from sqlalchemy import update

from callcenter.features.contacts.api import bulk_undo
from callcenter.features.imports import queries
from callcenter.features.imports.models import Import, ImportRow
from callcenter.features.imports.rules.planning import CREATED
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
    db, below, done = job.services.db, int(job.mark.get("below", _ALL)), job.done
    deleted, restored, kept = (int(job.mark.get(name, 0)) for name in ("deleted", "restored", "kept"))
    while True:
        async with db.business(job.business_id) as session:
            row = await session.get_one(Import, import_id)
            stamp = datetime.fromisoformat(row.format["stamp"])
            rows = await queries.to_undo(session, import_id, below, PORTION)
            if not rows:
                row.state, row.undone_at = "undone", job.services.clock.now()
                row.counts = dict(row.counts) | {"deleted": deleted, "restored": restored, "kept": kept}
                return {"deleted": deleted, "restored": restored, "kept": kept}
            # A row may have changed what an earlier row of this portion made: the last first, as long as they differ.
            kind = rows[0].action
            some = []
            for one in rows:
                if one.action != kind:
                    break
                some.append(one)
            ids = {one.contact_id for one in some if one.contact_id is not None}
            if kind == CREATED:
                left = await bulk_undo.remove(session, ids, stamp)
                deleted += len(ids - left)
            else:
                befores = [(one.contact_id, one.before) for one in some if one.contact_id is not None and one.before]
                left = await bulk_undo.restore(session, befores, stamp)
                restored += len({one for one, _ in befores} - left)
            kept += len(left)
            below, done = some[-1].id, done + len(some)
            await session.execute(
                update(ImportRow)
                .where(ImportRow.id.in_([one.id for one in some]))
                .values(action="undone")
                .execution_options(synchronize_session=False)
            )
            mark = {"below": below, "deleted": deleted, "restored": restored, "kept": kept, "done": done}
            await job.keep(session, done=done, mark=mark)
        await asyncio.sleep(0)
