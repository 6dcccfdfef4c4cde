"""Hearing a prompt on the page: an own one from its master, one of the stock set spoken as Asterisk's was."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.features.accounts import api as accounts
from callcenter.features.prompts import queries, rules
from callcenter.features.prompts.gateway import audio, files
from callcenter.features.prompts.usecases.keeping import GONE
from callcenter.features.prompts.usecases.sounds import studio
from callcenter.plugin import Services
from callcenter.telephony.asterisk import prompts


async def language_of(session: AsyncSession, business_id: int) -> str:
    """The language in which a business's callers hear the stock set."""
    business = await accounts.business(session, business_id)
    return business.language if business and business.language in rules.LANGUAGES else "ru"


def stock_texts(language: str) -> dict[str, str]:
    """What the stock set says, by name."""
    return prompts.texts().get(language, {})


def preview_file(services: Services, business_id: int, key: str) -> Path:
    """Where a spoken text lies until it is kept."""
    return services.settings.data / "cache" / "prompts" / str(business_id) / f"{key}.wav"


async def sound_of(services: Services, business_id: int, name: str, language: str = "") -> Path:
    """The wave file of a prompt that this business may play. NotFound, Unavailable."""
    async with services.db.business(business_id) as session:
        row = await queries.by_name(session, name)
        spoken = language if language in rules.LANGUAGES else await language_of(session, business_id)
    if row is not None:
        file = files.master(services.settings, business_id, row.name, row.digest)
        if not await asyncio.to_thread(file.is_file):
            raise NotFound(GONE)
        return file
    text = stock_texts(spoken).get(name) if name in rules.STOCK else None
    if text is None:
        raise NotFound(GONE)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    file = services.settings.data / "cache" / "prompts" / "stock" / f"{spoken}-{name}-{version}.wav"
    if not file.is_file():
        await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
        async with studio(services).turns:
            await asyncio.to_thread(audio.speak, text, spoken, file)
    return file
