"""What people do with numbers: add, name, choose who takes the calls and where they go, hours, prompts, forwarding."""

from callcenter.features.numbers.usecases.changing import (
    change,
    change_all,
    create_number,
    create_trunk,
    follow_agents,
    put_back,
    serve_by_all,
)
from callcenter.features.numbers.usecases.fields import NumberPatch

__all__ = [
    "NumberPatch",
    "change",
    "change_all",
    "create_number",
    "create_trunk",
    "follow_agents",
    "put_back",
    "serve_by_all",
]
