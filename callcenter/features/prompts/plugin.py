"""Prompts: the index of the feature."""

from __future__ import annotations

from callcenter.core.events import SpyChanged
from callcenter.features.prompts import handlers
from callcenter.features.prompts.pages import rest, site
from callcenter.features.prompts.usecases.keeping import SpeechForm
from callcenter.features.prompts.usecases.phoning import RecordForm
from callcenter.features.prompts.usecases.sounds import ensure_sounds
from callcenter.http.permissions import PROMPTS_EDIT
from callcenter.http.routes import NavItem, Param, Route
from callcenter.plugin import Feature, Services, Subscription

ID = r"{id:\d{1,9}}"
API = "/api/v1/prompts"
_LANGUAGE = Param("language", "ru or en; empty = any", {"type": "string", "enum": ["", "ru", "en"]})


async def _start(services: Services) -> None:
    await ensure_sounds(services)


FEATURE = Feature(
    name="prompts",
    routes=(
        Route(
            "GET",
            API,
            rest.prompt_list,
            PROMPTS_EDIT,
            summary="What callers hear: own prompts and the stock set",
            returns=rest.PromptList,
            params=(Param("q", "words that stand in title, text or name"),),
        ),
        Route(
            "POST",
            API,
            rest.upload,
            PROMPTS_EDIT,
            summary="Upload a prompt: multipart with a part «file» of at most 10 MB, any sound file",
            returns=rest.PromptView,
            params=(Param("title", "its title; else the file's name"), _LANGUAGE),
            status=201,
        ),
        Route(
            "POST",
            f"{API}/speech",
            rest.speech,
            PROMPTS_EDIT,
            summary="Keep a spoken text as a prompt",
            body=SpeechForm,
            returns=rest.PromptView,
            status=201,
        ),
        Route(
            "POST",
            f"{API}/preview",
            rest.preview,
            PROMPTS_EDIT,
            summary="Hear a text before it is kept",
            body=rest.PreviewForm,
            returns=rest.Preview,
        ),
        Route(
            "GET",
            API + "/preview/{key:[0-9a-f]+}",
            rest.preview_audio,
            PROMPTS_EDIT,
            summary="The sound of that text; Range is understood",
            media="audio/wav",
        ),
        Route(
            "POST",
            f"{API}/record",
            rest.record,
            PROMPTS_EDIT,
            summary="Record a prompt by phone: rings one's own phone",
            body=RecordForm,
            returns=rest.Recording,
            status=202,
        ),
        Route(
            "GET",
            API + "/audio/{name:[A-Za-z0-9][A-Za-z0-9_-]{0,99}}",
            rest.audio,
            PROMPTS_EDIT,
            summary="A prompt as callers hear it; Range is understood",
            params=(_LANGUAGE,),
            media="audio/wav",
        ),
        Route(
            "PATCH",
            f"{API}/{ID}",
            rest.change,
            PROMPTS_EDIT,
            summary="Rename a prompt",
            body=rest.TitleForm,
            returns=rest.PromptView,
        ),
        Route(
            "POST",
            f"{API}/{ID}/file",
            rest.replace,
            PROMPTS_EDIT,
            summary="Replace a prompt's sound; whatever plays it goes on with the new one",
            returns=rest.PromptView,
        ),
        Route("DELETE", f"{API}/{ID}", rest.remove, PROMPTS_EDIT, summary="Delete a prompt nobody uses", status=204),
        Route(
            "POST",
            f"{API}/{ID}/restore",
            rest.restore,
            PROMPTS_EDIT,
            summary="Bring a deleted prompt back",
            returns=rest.PromptView,
        ),
        Route("GET", "/prompts", site.show, PROMPTS_EDIT),
    ),
    nav=(NavItem("/prompts", "Prompts", "vol", PROMPTS_EDIT, 72, below=True, group="routing"),),
    subscriptions=(Subscription(SpyChanged, handlers.leg_changed, "prompts"),),
    on_start=_start,
)
