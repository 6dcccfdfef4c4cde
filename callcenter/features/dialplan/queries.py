"""Other features' records as the configuration's model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from callcenter.features.agents.api import AgentWithDevices
from callcenter.features.ivr.api import MenuInfo
from callcenter.features.numbers.api import NumberInfo, TrunkInfo
from callcenter.features.queues.api import QueueInfo
from callcenter.telephony.config.model import (
    Agent,
    Device,
    Key,
    Menu,
    Number,
    Queue,
    Target,
    TargetKind,
    Trunk,
)

_KINDS = ("queue", "menu", "agent", "repeat", "hangup")


def target(kind: str, target_id: int | None) -> Target:
    """Where a call goes; what is not known ends the call as one that cannot be led anywhere."""
    if kind not in _KINDS:
        return Target(kind="queue", id=None)
    return Target(kind=cast(TargetKind, kind), id=target_id)


def numbers(found: Sequence[NumberInfo]) -> tuple[Number, ...]:
    """Numbers; a personal one goes to its owner."""
    return tuple(
        Number(
            id=one.id,
            business_id=one.business_id,
            e164=one.e164,
            title=one.title,
            trunk_id=one.trunk_id,
            target=target("agent", one.agent_id) if one.kind == "personal" else target(one.target_kind, one.target_id),
            greeting=one.greeting,
            record=one.record,
        )
        for one in found
        if one.active
    )


def trunks(found: Sequence[TrunkInfo]) -> tuple[Trunk, ...]:
    """Trunks that are in use."""
    return tuple(
        Trunk(
            id=one.id,
            business_id=one.business_id,
            name=one.name,
            host=one.host,
            port=one.port,
            match=one.match,
            username=one.username,
            password=one.password,
            register=one.register,
        )
        for one in found
        if one.active
    )


def menus(found: Sequence[MenuInfo]) -> tuple[Menu, ...]:
    """Voice menus with their keys."""
    return tuple(
        Menu(
            id=one.id,
            business_id=one.business_id,
            name=one.name,
            prompt=one.prompt,
            wait_seconds=one.wait_seconds,
            repeats=one.repeats,
            timeout=target(one.timeout_action, one.timeout_target_id),
            keys=tuple(Key(key=key.key, target=target(key.action, key.target_id)) for key in one.keys),
        )
        for one in found
    )


def queues(found: Sequence[QueueInfo]) -> tuple[Queue, ...]:
    """Queues that are in use."""
    return tuple(
        Queue(
            id=one.id,
            business_id=one.business_id,
            name=one.name,
            strategy=one.asterisk_strategy,
            ring_seconds=one.ring_seconds,
            wrapup_seconds=one.wrapup_seconds,
            max_wait=one.max_wait,
            music=one.music,
        )
        for one in found
        if one.active
    )


def agents(found: Sequence[AgentWithDevices]) -> tuple[Agent, ...]:
    """Agents with their phones, the browser first."""
    return tuple(
        Agent(
            id=one.agent.id,
            business_id=one.agent.business_id,
            name=one.agent.name,
            short_number=one.agent.short_number,
            caller_number_id=one.agent.caller_number_id,
            auto_queue=one.agent.auto_queue,
            devices=tuple(
                Device(kind=phone.kind, password=phone.password)
                for phone in sorted(one.devices, key=lambda phone: phone.kind != "webrtc")
            ),
        )
        for one in found
        if one.agent.active
    )
