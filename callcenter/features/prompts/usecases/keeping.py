"""What an administrator does with prompts: bring one, have a text spoken, rename, replace, delete, bring back."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.config import Settings
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.prompts import queries, rules
from callcenter.features.prompts.gateway import audio, files
from callcenter.features.prompts.gateway.audio import Made
from callcenter.features.prompts.models import Prompt
from callcenter.features.prompts.usecases.registry import uses
from callcenter.features.prompts.usecases.sounds import give, studio
from callcenter.http.current import Current, current
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive

GONE = N_("There is no such prompt.")
FULL = N_("There are 20 own sound files already. Delete one that is not used.")
FULL_SPOKEN = N_("There are too many spoken texts. Delete some that are not used.")
USED = N_("This prompt is used and cannot be deleted: %(places)s. Choose another one there first.")
NO_TITLE = N_("Write a title.")
NO_TEXT = N_("Write the text that callers should hear.")
LONG_TEXT = N_("At most 1000 letters can be spoken at once.")
NO_LANGUAGE = N_("Choose a language.")
# What was deleted can be brought back: so many of a company, the oldest are then really gone.
KEPT_DELETED = 20
PREVIEWS = 50


class Who(NamedTuple):
    """Who does it: in a request (then his address is written down too), or by a phone call that he ended."""

    business_id: int
    user_id: int
    request: web.Request | None = None


class SpeechForm(msgspec.Struct, kw_only=True):
    """A text to be spoken; ``replace_id`` = in place of the sound of that prompt, whose name and title stay."""

    text: str
    language: str = "ru"
    title: str = ""
    replace_id: int | None = None


class Fresh(NamedTuple):
    """A new sound, and all that is written into its row. ``size``: bytes of what was brought."""

    kind: str
    title: str
    language: str
    text: str
    size: int


def who(request: web.Request) -> Who:
    """The person behind a request."""
    person: Current = current(request)
    return Who(person.business_id, person.user_id, request)


async def upload(
    services: Services,
    by: Who,
    file_name: str,
    chunks: AsyncIterator[bytes],
    *,
    title: str = "",
    language: str = "",
    replace_id: int | None = None,
) -> int:
    """Takes a sound file in; the prompt's id. BadInput says what is wrong with it, Conflict when there are too many."""
    wanted = await check(services, by, "upload", title or rules.title_of(file_name) or "…", language, replace_id)
    source = await asyncio.to_thread(files.draft, services.settings, by.business_id)
    try:
        size = await files.take_in(source, chunks)
        return await bring(services, by, source, Fresh("upload", wanted, language, "", size), replace_id)
    finally:
        source.unlink(missing_ok=True)


async def speak(services: Services, by: Who, form: SpeechForm) -> int:
    """Keeps a spoken text as a prompt; its id."""
    text = _text(form.text)
    title = await check(services, by, "speech", form.title or text[:60], form.language, form.replace_id)
    made = await preview(services, by, text, form.language)
    fresh = Fresh("speech", title, form.language, text, made.stat().st_size)
    return await bring(services, by, made, fresh, form.replace_id, ready=True)


async def preview(services: Services, by: Who, text: str, language: str) -> Path:
    """The wave file of a spoken text, made once and kept for a while. BadInput, Unavailable."""
    text = _text(text)
    _need_language(language)
    key = _key(by.business_id, text, language)
    place = services.settings.data / "cache" / "prompts" / str(by.business_id)
    file = place / f"{key}.wav"
    if not file.is_file():
        await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
        async with studio(services).turns:
            await asyncio.to_thread(audio.speak, text, language, file)
        await asyncio.to_thread(_tidy, place)
    return file


async def bring(
    services: Services, by: Who, source: Path, fresh: Fresh, replace_id: int | None, *, ready: bool = False
) -> int:
    """Makes a prompt of a file, or gives a prompt this sound; ``ready`` = it is a finished wave already."""
    settings, business_id = services.settings, by.business_id
    wave = await asyncio.to_thread(files.draft, settings, business_id)
    kept: list[Path] = []
    try:
        async with studio(services).turns:
            made = await asyncio.to_thread(_copy if ready else audio.convert, source, wave)
        name = rules.new_name(business_id, secrets.token_hex(4))
        if replace_id is not None:
            async with services.db.business(business_id) as session:
                name = (await _need(session, replace_id)).name
        place = files.master(settings, business_id, name, made.digest)
        kept = [] if place.exists() else [place]
        wave.replace(place)
        await give(settings, name, made.digest, place)
        if fresh.kind != "speech":
            source.replace(files.original(settings, business_id, name, made.digest))
        async with services.db.business(business_id) as session:
            prompt_id = await _store(session, services, by, name, made, fresh, replace_id)
    except BaseException:
        for path in kept:
            path.unlink(missing_ok=True)
        raise
    finally:
        wave.unlink(missing_ok=True)
    await asyncio.to_thread(_former, settings, business_id, name, made.digest)
    return prompt_id


async def _store(
    session: AsyncSession, services: Services, by: Who, name: str, made: Made, fresh: Fresh, replace_id: int | None
) -> int:
    now = services.clock.now()
    if replace_id is None:
        await exclusive(session, "prompts")
        await _need_room(session, fresh.kind)
        row = Prompt(title=fresh.title, name=name, created_at=now, created_by=by.user_id)
        session.add(row)
    else:
        row = await _need(session, replace_id)
        if fresh.kind in rules.COUNTED and row.kind not in rules.COUNTED:
            await exclusive(session, "prompts")
            await _need_room(session, fresh.kind)
    row.kind, row.language, row.text = fresh.kind, fresh.language, fresh.text
    row.digest, row.seconds, row.bytes, row.changed_at = made.digest, made.seconds, fresh.size, now
    await session.flush()
    await _note(session, services, by, "prompt.create" if replace_id is None else "prompt.replace", row)
    return row.id


async def rename(services: Services, by: Who, prompt_id: int, title: str) -> None:
    """Gives a prompt another title; its file's name stays. NotFound, BadInput."""
    wanted = _title(title)
    async with services.db.business(by.business_id) as session:
        row = await _need(session, prompt_id)
        row.title, row.changed_at = wanted, services.clock.now()
        await _note(session, services, by, "prompt.rename", row)


async def remove(services: Services, by: Who, prompt_id: int) -> None:
    """Deletes a prompt that nothing plays; ``restore`` brings it back. NotFound, Conflict (code ``prompt_used``)."""
    async with services.db.business(by.business_id) as session:
        row = await _need(session, prompt_id)
        if places := await uses(session, row.name):
            said = ", ".join(place.title for place in places)
            raise Conflict(USED, code="prompt_used", places=said)
        row.deleted_at = services.clock.now()
        await _note(session, services, by, "prompt.delete", row)
        lost = (await queries.deleted(session))[KEPT_DELETED:]
        names = [one.name for one in lost]
        for one in lost:
            await session.delete(one)
    await asyncio.to_thread(files.take_away, services.settings, by.business_id, names)


async def restore(services: Services, by: Who, prompt_id: int) -> None:
    """Brings a deleted prompt back. NotFound, Conflict when its place was taken meanwhile."""
    async with services.db.business(by.business_id) as session:
        await exclusive(session, "prompts")
        row = await queries.row(session, prompt_id, deleted=True)
        if row is None:
            raise NotFound(GONE)
        await _need_room(session, row.kind)
        row.deleted_at = None
        await _note(session, services, by, "prompt.restore", row)
        name, digest = row.name, row.digest
    await give(services.settings, name, digest, files.master(services.settings, by.business_id, name, digest))


async def _note(session: AsyncSession, services: Services, by: Who, action: str, row: Prompt) -> None:
    if by.request is not None:
        await accounts.audit(session, by.request, action, "prompt", row.id, title=row.title, kind=row.kind)
        return
    await accounts.audit_for(
        *(session, by.business_id, by.user_id, action, "prompt", str(row.id)),
        at=services.clock.now(),
        title=row.title,
        kind=row.kind,
    )


async def check(services: Services, by: Who, kind: str, title: str, language: str, replace_id: int | None) -> str:
    """The title to be kept; says what is wrong before anything is taken in: BadInput, Conflict, NotFound.

    What replaces a prompt's sound keeps that one's title.
    """
    _need_language(language, needed=kind == "speech")
    title = _title(title) if replace_id is None else ""
    async with services.db.business(by.business_id) as session:
        if replace_id is None:
            await _need_room(session, kind)
            return title
        return (await _need(session, replace_id)).title


async def _need_room(session: AsyncSession, kind: str) -> None:
    counted = kind in rules.COUNTED
    most = rules.MAX_FILES if counted else rules.MAX_SPOKEN
    if await queries.count(session, rules.COUNTED if counted else ("speech",)) >= most:
        raise Conflict(FULL if counted else FULL_SPOKEN, code="too_many_prompts")


async def _need(session: AsyncSession, prompt_id: int) -> Prompt:
    row = await queries.row(session, prompt_id)
    if row is None:
        raise NotFound(GONE)
    return row


def _title(typed: str) -> str:
    title = rules.clean(typed)
    if not title:
        raise BadInput(NO_TITLE, fields={"title": NO_TITLE})
    if len(title) > rules.MAX_TITLE:
        message = N_("At most 100 letters.")
        raise BadInput(message, fields={"title": message})
    return title


def _text(typed: str) -> str:
    text = rules.clean(typed)
    if not any(c.isalnum() for c in text):
        raise BadInput(NO_TEXT, fields={"text": NO_TEXT})
    if len(text) > rules.MAX_TEXT:
        raise BadInput(LONG_TEXT, fields={"text": LONG_TEXT})
    return text


def _need_language(language: str, *, needed: bool = True) -> None:
    if language not in rules.LANGUAGES and (needed or language):
        raise BadInput(NO_LANGUAGE, fields={"language": NO_LANGUAGE})


def _key(business_id: int, text: str, language: str) -> str:
    return hashlib.sha256(f"{business_id}\n{language}\n{text}".encode()).hexdigest()[:32]


def _copy(source: Path, target: Path) -> Made:
    shutil.copyfile(source, target)
    return audio.measured(target)


def _former(settings: Settings, business_id: int, name: str, digest: str) -> None:
    """Takes away what the former versions of a prompt have left."""
    for path in files.folder(settings, business_id).glob(f"{name}.*"):
        if not path.name.startswith(f"{name}.{digest[:16]}."):
            path.unlink(missing_ok=True)


def _tidy(place: Path) -> None:
    def age(path: Path) -> float:
        return path.stat().st_mtime

    found = sorted(place.glob("*.wav"), key=age, reverse=True)
    for path in found[PREVIEWS:]:
        path.unlink(missing_ok=True)
