"""A prompt spoken into one's own phone: it rings, beeps, records until # or the end, and the prompt is there."""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec

from callcenter.core.errors import Conflict, ProductError, Unavailable
from callcenter.core.events import MemberNotice, SpyChanged
from callcenter.core.i18n import N_
from callcenter.features.prompts.gateway import files
from callcenter.features.prompts.usecases import keeping
from callcenter.features.prompts.usecases.keeping import Fresh, Who
from callcenter.http.current import Current
from callcenter.plugin import Services

log = logging.getLogger(__name__)

NO_PHONE = N_("You have no phone here. Ask an administrator to give you one.")
ONE_AT_A_TIME = N_("You are recording a prompt already. Finish that first.")
NO_ASTERISK = N_("Asterisk is not on this machine, so nothing can be recorded.")
DONE = N_("The prompt “%(title)s” is recorded.")
NOT_DONE = N_("No prompt was recorded: the call was not answered or nothing was said.")
LINK = "/prompts"
# What the phone shows as the caller; the page says it in words (web/js/mycall.js).
RECORDS = "*44"


class RecordForm(msgspec.Struct, kw_only=True):
    """A prompt to be spoken into the phone; ``replace_id`` = in place of the sound of that prompt."""

    title: str = ""
    language: str = ""
    replace_id: int | None = None


class Session(NamedTuple):
    """Somebody who is being rung, or speaks now."""

    by: Who
    membership_id: int
    stem: str
    fresh: Fresh
    replace_id: int | None


class Booth:
    """The recordings that go on, by the id of the phone's leg. They are lost when the server ends: one speaks again."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.turn = asyncio.Lock()


def booth(services: Services) -> Booth:
    """The one object of this process."""
    return services.part(Booth, lambda _: Booth())


async def begin(services: Services, person: Current, form: RecordForm, shown: str) -> str:
    """Rings the person's own phone, which shows ``shown``; the leg's id. Conflict, BadInput, Unavailable, NotFound."""
    by = Who(person.business_id, person.user_id)
    title = await keeping.check(services, by, "recorded", form.title, form.language, form.replace_id)
    if person.agent_id is None:
        raise Conflict(NO_PHONE, code="no_phone")
    instance = await asyncio.to_thread(files.instance_of, services.settings)
    if instance is None:
        raise Unavailable(NO_ASTERISK, code="no_asterisk")
    await asyncio.to_thread(files.make_spool, instance)
    stem = f"b{by.business_id}-{secrets.token_hex(8)}"
    here = booth(services)
    async with here.turn:
        if any(one.membership_id == person.membership_id for one in here.sessions.values()):
            raise Conflict(ONE_AT_A_TIME, code="recording_already")
        leg = await services.telephony.record_prompt(
            agent_id=person.agent_id,
            business_id=by.business_id,
            stem=stem,
            name=shown,
            number=RECORDS,
        )
        fresh = Fresh("recorded", title, form.language, "", 0)
        here.sessions[leg] = Session(by, person.membership_id, stem, fresh, form.replace_id)
    return leg


async def leg_changed(services: Services, event: SpyChanged) -> None:
    """A leg of ours ended: when it was one that recorded, what was said becomes the prompt."""
    here = booth(services)
    if event.state != "ended":
        return
    async with here.turn:
        session = here.sessions.pop(event.spy_id, None)
    if session is None:
        return
    try:
        source = await asyncio.to_thread(_fetched, services, session)
        if source is None:
            _tell(services, session, "error", NOT_DONE)
            return
        try:
            fresh = session.fresh._replace(size=source.stat().st_size)
            await keeping.bring(services, session.by, source, fresh, session.replace_id)
        finally:
            source.unlink(missing_ok=True)
    except ProductError as error:
        _tell(services, session, "error", error.message, **error.values)
        return
    except OSError as error:
        log.warning("a recorded prompt was lost: %s", error)
        _tell(services, session, "error", NOT_DONE)
        return
    _tell(services, session, "prompt", DONE, title=session.fresh.title)


def _fetched(services: Services, session: Session) -> Path | None:
    """What was recorded, moved to where new sounds wait; None when nothing was."""
    instance = files.instance_of(services.settings)
    spoken = files.spool(instance, session.stem) if instance is not None else None
    if spoken is None or not spoken.is_file():
        return None
    target = files.draft(services.settings, session.by.business_id)
    # At most ten minutes of 8 kHz: small enough to be read at once, and perhaps on another disk.
    target.write_bytes(spoken.read_bytes())
    spoken.unlink(missing_ok=True)
    return target


def _tell(services: Services, session: Session, kind: str, text: str, **values: object) -> None:
    services.bus.publish(
        MemberNotice(
            at=services.clock.epoch(),
            business_id=session.by.business_id,
            membership_id=session.membership_id,
            kind=kind,
            text=text,
            values=values,
            link=LINK,
        )
    )
