"""Skills of agents with levels; queues ask for them, and members are ranked by them."""

from __future__ import annotations

from callcenter.features.skills import pages
from callcenter.http.permissions import QUEUES_EDIT, QUEUES_SEE
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature

_ID = r"{id:\d{1,9}}"
_API = "/api/v1/skills"

FEATURE = Feature(
    name="skills",
    routes=(
        Route("GET", _API, pages.skill_list, QUEUES_SEE, summary="Skills and who has them", returns=pages.SkillList),
        Route(
            "POST", _API, pages.skill_add, QUEUES_EDIT,
            summary="Add a skill", body=pages.SkillBody, returns=pages.SkillView, status=201,
        ),
        Route(
            "PATCH", f"{_API}/{_ID}", pages.skill_rename, QUEUES_EDIT,
            summary="Rename a skill", body=pages.SkillBody, returns=pages.SkillView,
        ),
        Route(
            "DELETE", f"{_API}/{_ID}", pages.skill_delete, QUEUES_EDIT,
            summary="Delete a skill that no queue asks for, with its levels", status=204,
        ),
        Route(
            "PUT", f"{_API}/{_ID}/levels", pages.skill_levels, QUEUES_EDIT,
            summary="Set agents' levels in a skill; calls go by them at once", body=pages.LevelsBody,
            returns=pages.SkillView,
        ),
        Route("GET", "/skills", pages.page, QUEUES_SEE),
        Route("POST", "/skills", pages.save, QUEUES_EDIT),
        Route("POST", "/skills/add", pages.add, QUEUES_EDIT),
        Route("POST", f"/skills/{_ID}", pages.rename, QUEUES_EDIT),
        Route("POST", f"/skills/{_ID}/delete", pages.delete, QUEUES_EDIT),
    ),
    nav=(NavItem("/skills", "Skills", "star", QUEUES_SEE, 71, below=True, group="routing"),),
)  # fmt: skip
