"""Everything that Asterisk has to be told, as plain data. Times are seconds, ids are database ids.

The renderer checks every value; what cannot be written into Asterisk's files raises ModelError with its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from callcenter.core.directory import DeviceKind, endpoint_name, queue_name, trunk_name

TargetKind = Literal["queue", "menu", "agent", "repeat", "hangup"]
STRATEGIES = ("leastrecent", "random", "ringall", "rrmemory", "rrordered", "fewestcalls", "linear")
KEYS = "0123456789*#"


class ModelError(ValueError):
    """A value that cannot be given to Asterisk; the text says where and why."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a call goes: ``id`` of a queue, menu or agent; without one for 'repeat' and 'hangup'."""

    kind: TargetKind
    id: int | None = None


HANGUP = Target(kind="hangup")


@dataclass(frozen=True, kw_only=True)
class Device:
    """A phone. ``contact`` is the fixed SIP URI of a phone that does not register ('' = it registers)."""

    kind: DeviceKind
    password: str = field(repr=False)
    contact: str = ""


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent; ``caller_number_id`` is the number that clients see (None = the business's first).

    ``auto_queue``: his phones answer calls from queues by themselves.
    """

    id: int
    business_id: int
    name: str
    short_number: str
    devices: tuple[Device, ...] = ()
    caller_number_id: int | None = None
    ring_seconds: int = 30
    auto_queue: bool = False

    def endpoint(self, device: Device) -> str:
        """The device's name and login in Asterisk."""
        return endpoint_name(self.id, device.kind)


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A line to an operator. ``match`` lists the addresses that its calls come from (comma-separated)."""

    id: int
    business_id: int
    name: str
    host: str
    port: int = 5060
    match: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    register: bool = False

    @property
    def endpoint(self) -> str:
        """The trunk's name in Asterisk."""
        return trunk_name(self.id)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number: ``greeting`` is a prompt's name ('' = none), ``record`` counts for calls in and out."""

    id: int
    business_id: int
    e164: str
    target: Target
    trunk_id: int | None = None
    title: str = ""
    greeting: str = ""
    record: bool = True


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a key of a menu does."""

    key: str
    target: Target


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A voice menu: after ``repeats`` repetitions without a (right) key comes ``timeout``."""

    id: int
    business_id: int
    name: str
    prompt: str = ""
    wait_seconds: int = 5
    repeats: int = 2
    timeout: Target = HANGUP
    keys: tuple[Key, ...] = ()


WRAPUP_GUARD = 2
"""Seconds, of which Asterisk sees whole ones only: between one and two are left to pause the member."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue; ``strategy`` is Asterisk's word, ``max_wait`` 0 = no limit. Members are dynamic (kept in astdb).

    Asterisk itself waits only ``guard_seconds`` of the wrap-up, until the server has paused the member: the rest can be
    ended early or lengthened, which Asterisk's own wrap-up time cannot.
    """

    id: int
    business_id: int
    name: str
    strategy: str = "leastrecent"
    ring_seconds: int = 20
    wrapup_seconds: int = 10
    max_wait: int = 0
    music: str = "default"

    @property
    def asterisk_name(self) -> str:
        """The queue's name in Asterisk."""
        return queue_name(self.id)

    @property
    def guard_seconds(self) -> int:
        """The wrap-up that Asterisk keeps by itself."""
        return min(self.wrapup_seconds, WRAPUP_GUARD)


@dataclass(frozen=True, kw_only=True)
class Business:
    """A business; ``language`` picks its prompts, ``caller_number_id`` is shown for agents without an own one."""

    id: int
    name: str = ""
    language: str = "ru"


@dataclass(frozen=True, kw_only=True)
class System:
    """The machine's side: addresses, ports, folders as Asterisk sees them, secrets.

    Commands and browsers' SIP are on ``host``, phones' and operators' SIP on ``sip_host``. ``public_address`` is told
    to the other side instead of ``local_address`` where they differ ('' = they do not).
    """

    name: str
    folder: str
    run_dir: str
    modules_dir: str
    data_dir: str
    ami_password: str = field(repr=False)
    ami_user: str = "callcenter"
    moh_dir: str | None = None
    version: tuple[int, int, int] = (22, 0, 0)
    modules: frozenset[str] = frozenset()
    host: str = "127.0.0.1"
    sip_host: str = "127.0.0.1"
    public_address: str = ""
    local_address: str = ""
    sip_port: int = 5060
    ami_port: int = 5038
    http_port: int = 8088
    rtp_first: int = 10000
    rtp_last: int = 10999


@dataclass(frozen=True, kw_only=True)
class Model:
    """All businesses of the installation."""

    system: System
    businesses: tuple[Business, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[Number, ...] = ()
    menus: tuple[Menu, ...] = ()
    queues: tuple[Queue, ...] = ()
    agents: tuple[Agent, ...] = ()
