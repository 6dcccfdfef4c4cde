"""The checks of ``doctor`` that are not Asterisk's own. Each takes the settings and returns findings."""

from __future__ import annotations

from callcenter.cli.checks.database import database
from callcenter.cli.checks.machine import audio_tools, disk, folders, front_end, python, secrets, time_zones
from callcenter.cli.checks.network import asterisk, certificates, ports

ALL = (
    python,
    folders,
    disk,
    secrets,
    database,
    ports,
    asterisk,
    audio_tools,
    front_end,
    certificates,
    time_zones,
)
