"""Everything that Asterisk has to be told, as plain data. Times are seconds, ids are database ids.

The renderer checks every value; what cannot be written into Asterisk's files raises ModelError with its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from callcenter.core.directory import DeviceKind, endpoint_name, queue_name, trunk_name
from callcenter.core.routing import Asked, Survey

CallerRule = Literal["number", "fixed", "asserted"]
CODECS = ("alaw", "ulaw", "g722", "opus", "gsm")
TargetKind = Literal["queue", "menu", "agent", "external", "play", "voicemail", "agent_voicemail", "repeat", "hangup"]
Activity = Literal["always", "open", "closed", "never"]
ENDLESS = -1
"""Repetitions of a menu without end, ``ENDLESS_PAUSE`` seconds apart."""
ENDLESS_PAUSE = 5
MENU_LIMIT = 20
"""So many menus one call may pass through; then it goes round in circles and is ended."""
FRONT_PRIORITY = 1_000_000
"""Of a client who is called back: he waits before everybody who waits now."""
OVERFLOW_LIMIT = 5
"""So many full or empty queues hand one call on; then it goes round in circles and is ended."""
DAY = 1440
"""Minutes of a day."""
STRATEGIES = ("leastrecent", "random", "ringall", "rrmemory", "rrordered", "fewestcalls", "linear")
KEYS = "0123456789*#"


class ModelError(ValueError):
    """A value that cannot be given to Asterisk; the text says where and why."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a call goes.

    ``id`` is that of a queue, menu or agent (of 'agent_voicemail' too; of 'voicemail' a queue's, None = the company's
    box). ``number`` (E.164) belongs to 'external', ``prompt`` to 'play', after which a menu begins again and anything
    else ends. 'repeat' is of menus only: by a key the menu goes on, in place of a key it begins anew.
    """

    kind: TargetKind
    id: int | None = None
    number: str = ""
    prompt: str = ""


HANGUP = Target(kind="hangup")

Span = tuple[int, int]
"""From and to in minutes of a day, from < to <= 1440; the end is closed already."""


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Working hours: the spans of each weekday, Monday first, as clocks show them in ``zones``.

    With several zones (those of the employees, INB-11) it is open as soon as it is so in one of them.
    """

    zones: tuple[str, ...]
    week: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, kw_only=True)
class SpecialDay:
    """A day with hours of its own whatever the week says; without spans a holiday."""

    day: date
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Where a call goes that nobody took: all ``numbers`` (E.164) ring at once, ``attempts`` times ``seconds``.

    ``show`` is what is displayed there: the caller's number or the one he called.
    """

    numbers: tuple[str, ...]
    seconds: int = 25
    attempts: int = 1
    show: Literal["caller", "called"] = "called"


@dataclass(frozen=True, kw_only=True)
class Device:
    """A phone. ``contact`` is the fixed SIP URI of a phone that does not register ('' = it registers)."""

    kind: DeviceKind
    password: str = field(repr=False)
    contact: str = ""


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent; ``caller_number_id`` is the number that clients see (None = the business's first).

    ``auto_queue``: his phones answer calls from queues by themselves. ``shown`` (E.164) is what clients see in place of
    the line's number ('' = that one). ``barred``: he may not call out, his number is not confirmed;
    ``calls_out`` False: he has no right to.
    """

    id: int
    business_id: int
    name: str
    short_number: str
    devices: tuple[Device, ...] = ()
    caller_number_id: int | None = None
    ring_seconds: int = 30
    auto_queue: bool = False
    shown: str = ""
    barred: bool = False
    calls_out: bool = True

    def endpoint(self, device: Device) -> str:
        """The device's name and login in Asterisk."""
        return endpoint_name(self.id, device.kind)


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A line to an operator. ``match`` lists the addresses that its calls come from (comma-separated).

    ``number`` is the trunk's own number as the operator writes it, ``domain`` where it differs from ``host`` (which
    then is the way to it). ``codecs`` in order of preference. What the other side sees is by ``caller_rule``: the shown
    number ('number'), always ``caller_id`` ('fixed'), or the login with the number in P-Asserted-Identity ('asserted').
    ``backup`` takes calls out whose own trunk is away, in the order of ``position``. ``qualify_seconds``: how often it
    is asked whether it is there, 0 = never (it then counts as there).
    """

    id: int
    business_id: int
    name: str
    host: str
    port: int = 5060
    match: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    register: bool = False
    number: str = ""
    domain: str = ""
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    caller_rule: CallerRule = "number"
    caller_id: str = ""
    backup: bool = False
    position: int = 0
    qualify_seconds: int = 0

    @property
    def endpoint(self) -> str:
        """The trunk's name in Asterisk."""
        return trunk_name(self.id)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number. Prompts are names, '' = none; ``record`` counts for calls in and out.

    ``greeting`` is heard on arrival, ``waiting`` in a loop until somebody answers, ``busy`` before it when nobody was
    free, ``nobody`` when nobody can answer, ``closed`` out of ``hours`` (None = always open) before ``closed_target``.
    ``menu_id`` is the menu that callers meet first, while it is active. With ``own_first`` the client's own employee
    rings first for ``own_seconds``, with ``last_days`` > 0 whoever talked to him within so many days. ``outgoing``:
    calls out may go by this number, of ``callers`` (agents' ids, None = everybody); calls of ``silent`` ones are not
    recorded. ``priority``: who waits at this number goes before those of lower ones;
    with ``ranked`` the client's lists and tags may give him another.
    """

    id: int
    business_id: int
    e164: str
    target: Target
    trunk_id: int | None = None
    title: str = ""
    greeting: str = ""
    waiting: str = ""
    busy: str = ""
    nobody: str = ""
    closed: str = ""
    hours: Hours | None = None
    closed_target: Target = HANGUP
    menu_id: int | None = None
    own_first: bool = False
    last_days: int = 0
    own_seconds: int = 20
    forward: Forward | None = None
    priority: int = 0
    ranked: bool = False
    record: bool = True
    outgoing: bool = True
    callers: frozenset[int] | None = None
    silent: frozenset[int] = frozenset()

    def serves(self, agent_id: int) -> bool:
        """Whether an agent may call out by this number."""
        return self.outgoing and (self.callers is None or agent_id in self.callers)

    @property
    def asks(self) -> bool:
        """Whether the server is asked who the caller is before he is led on."""
        return self.own_first or self.last_days > 0 or self.ranked


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a key of a menu does."""

    key: str
    target: Target


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A voice menu: after ``repeats`` repetitions (ENDLESS: of no end) without a right key comes ``timeout``.

    ``activity`` says when callers of a number meet it; one who is led here by a key meets it at any time.
    """

    id: int
    business_id: int
    name: str
    prompt: str = ""
    wait_seconds: int = 5
    repeats: int = 2
    activity: Activity = "always"
    timeout: Target = HANGUP
    keys: tuple[Key, ...] = ()


WRAPUP_GUARD = 2
"""Seconds, of which Asterisk sees whole ones only: between one and two are left to pause the member."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue; ``strategy`` is Asterisk's word, ``max_wait`` 0 = no limit. Members are dynamic (kept in astdb).

    ``overflow`` is where a caller goes who waited too long, found ``max_callers`` (0 = no limit) before him, or nobody
    on shift; None = what his number says. Every ``announce_seconds`` (0 = never) he hears his place and the time.
    By ``callback_key`` ('' = not offered) he asks to be called back in place of waiting.

    Asterisk itself waits only ``guard_seconds`` of the wrap-up, until the server has paused the member: the rest can be
    ended early or lengthened, which Asterisk's own wrap-up time cannot.

    ``asked`` is the skill that callers need (None = any member takes them): the members' penalties are its tiers, and a
    caller's highest penalty grows as he waits. ``survey`` is what a client is asked whose agent has hung up first.
    """

    id: int
    business_id: int
    name: str
    strategy: str = "leastrecent"
    ring_seconds: int = 20
    wrapup_seconds: int = 10
    max_wait: int = 0
    max_callers: int = 0
    announce_seconds: int = 0
    callback_key: str = ""
    overflow: Target | None = None
    asked: Asked | None = None
    survey: Survey | None = None
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
    """A business; ``language`` picks its prompts. ``emergency`` is what callers hear while everything is closed.

    ``shown`` (E.164) is what is seen of calls that no agent makes, in place of the line's number ('' = that one).
    """

    id: int
    name: str = ""
    language: str = "ru"
    days: tuple[SpecialDay, ...] = ()
    emergency: str = ""
    shown: str = ""


@dataclass(frozen=True, kw_only=True)
class System:
    """The machine's side: addresses, ports, folders as Asterisk sees them, secrets.

    Commands and browsers' SIP are on ``host``, phones' and operators' SIP on ``sip_host``. ``public_address`` is told
    ``voices`` are the folders of packaged sounds of languages that have no folder under their own name.
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
    voices: tuple[tuple[str, str], ...] = ()
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
