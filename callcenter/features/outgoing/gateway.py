"""The ways of a code: an SMS gateway, and a sound for Asterisk. No code is ever written to a log here."""

from __future__ import annotations

import logging
import secrets
import time
from pathlib import Path

import aiohttp

from callcenter.config import Settings
from callcenter.core.errors import Unavailable
from callcenter.core.i18n import N_
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance

log = logging.getLogger(__name__)

TIMEOUT = 10.0
NO_SMS = N_("The SMS gateway does not take messages now. Choose the call, or try again later.")
NO_ASTERISK = N_("Asterisk is not on this machine, so no number can be called.")
NOT_SPOKEN = N_("The code could not be spoken: %(reason)s")
# So long a sound may lie there when its call's end was missed, in seconds.
OLDEST = 900.0


async def send_sms(settings: Settings, to: str, text: str) -> None:
    """Gives a message to the gateway. Raises Unavailable when it is not taken."""
    headers = {"Authorization": f"Bearer {settings.sms_secret}"} if settings.sms_secret else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
            session.post(
                settings.sms_url, json={"to": to, "text": text}, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if 200 <= answer.status < 300:
                return
            log.warning("the SMS gateway answered %d", answer.status)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("the SMS gateway failed: %s", type(error).__name__)
    raise Unavailable(NO_SMS, code="no_sms")


def speak(settings: Settings, text: str, language: str) -> str:
    """Speaks a text where Asterisk finds it; the sound's name, which is chance. Slow. Raises Unavailable."""
    try:
        instance = Instance.from_settings(settings)
        place = _folder(instance)
        place.mkdir(parents=True, exist_ok=True)
        instance.give(place)
        name = secrets.token_hex(16)
        prompts.speak(text, language if language in prompts.VOICES else "en", place / name, instance.give)
    except AsteriskError as error:
        raise Unavailable(NOT_SPOKEN, code="no_sound", reason=str(error)[:200]) from None
    except OSError as error:
        raise Unavailable(NOT_SPOKEN, code="no_sound", reason=error.strerror or "") from None
    return name


def forget(settings: Settings, name: str = "") -> None:
    """Removes a sound; without a name those that are older than any call with them."""
    try:
        place = _folder(Instance.from_settings(settings))
    except AsteriskError:
        return
    paths: list[Path]
    if name:
        paths = [place / f"{name}.{ending}" for ending in prompts.FORMATS]
    else:
        limit = time.time() - OLDEST
        paths = [one for one in place.glob("*") if one.stat().st_mtime < limit] if place.is_dir() else []
    for path in paths:
        path.unlink(missing_ok=True)


def _folder(instance: Instance) -> Path:
    return instance.folder / "spool" / "codes"
