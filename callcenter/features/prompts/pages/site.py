"""The page of prompts."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from callcenter.core.i18n import N_
from callcenter.features.prompts import rules
from callcenter.features.prompts.pages import rest
from callcenter.http import render
from callcenter.http.current import current

PER_PAGE = 25
WAYS = ("upload", "speech", "record")
KINDS = {
    "upload": N_("File"),
    "speech": N_("Spoken text"),
    "recorded": N_("Recorded by phone"),
    "stock": N_("Standard"),
}


async def show(request: web.Request) -> web.Response:
    """GET /prompts?q=…&page=…"""
    typed = request.query.get("q", "")[:100]
    views, count = await rest.found(request, typed)
    pages = max(1, -(-len(views) // PER_PAGE))
    asked = request.query.get("page", "1")
    page = min(pages, max(1, int(asked))) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1

    def address(number: int) -> str:
        return "/prompts?" + urlencode({**({"q": typed} if typed else {}), "page": number})

    way = request.query.get("new", "")
    replace = request.query.get("replace", "")
    edit = request.query.get("edit", "")
    everything = views if not typed else (await rest.found(request, ""))[0]
    return render.page(
        request,
        "prompts/list.html",
        prompts=views[(page - 1) * PER_PAGE : page * PER_PAGE],
        total=len(views),
        first=(page - 1) * PER_PAGE + 1 if views else 0,
        last=min(page * PER_PAGE, len(views)),
        newer=address(page - 1) if page > 1 else "",
        older=address(page + 1) if page < pages else "",
        q=typed,
        way_open=way if way in WAYS else "",
        replaced=next((one for one in everything if one.id and str(one.id) == replace), None),
        edit=int(edit) if edit.isascii() and edit.isdecimal() and len(edit) < 10 else None,
        kinds=KINDS,
        files=count,
        max_files=rules.MAX_FILES,
        max_text=rules.MAX_TEXT,
        has_phone=current(request).agent_id is not None,
    )
