"""The one connection to Asterisk's AMI: sign-in, supervision, growing pauses, actions that answer or time out.

panoramisk carries the connection, the actions and their futures; everything about it that was measured to be wrong
for us is cured here and in ``protocol``: each connection has a manager of its own, so that nothing is ever sent twice.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from panoramisk.manager import Manager

from callcenter.core.errors import BadInput, Unavailable
from callcenter.core.i18n import N_
from callcenter.telephony.protocol import EventProtocol, Fields

log = logging.getLogger(__name__)

LinkState = Literal["stopped", "connecting", "signing_in", "syncing", "up", "waiting"]

AWAY = N_("Asterisk is not running or cannot be reached")
REFUSED = N_("Asterisk refused the name or the password of the AMI account")
SILENT = N_("Asterisk does not answer")
SHUTDOWN = N_("Asterisk is shutting down")
LOST = N_("The connection to Asterisk was lost")
OVERFLOW = N_("More telephony events came than can be worked off")
UNREADABLE = N_("Asterisk's state could not be read")
NOT_BOOTED = N_("Asterisk has not finished starting, or its AMI account may not read system events")
STOPPED = N_("The server is stopping")
NOT_UP = N_("There is no connection to Asterisk. Try again in a few seconds.")
UNCONFIRMED = N_("Asterisk did not confirm the command. Look whether it took effect before you try again.")
LINE_BREAK = N_("Line breaks may not be sent to Asterisk.")
NOT_TEXT = N_("This holds characters that may not be sent to Asterisk.")
TOO_LONG = N_("This is too long to be sent to Asterisk.")

# Events that the link itself has to see.
CONTROL = frozenset({"FullyBooted", "Shutdown"})
# Asterisk drops a line that is longer than its buffer of 1025 bytes, and with it a header of the action.
LONGEST_LINE = 1000


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Where Asterisk's AMI is and how to sign in."""

    host: str = "127.0.0.1"
    port: int = 5038
    username: str = "callcenter"
    secret: str = ""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds.

    The pause before a new attempt doubles from ``pause_first`` up to ``pause_away`` while nothing answers at the port
    (cheap to try, and Asterisk may be back any moment), up to ``pause_most`` when somebody answered and it went wrong.
    A link that was up for ``steady`` seconds begins again with ``pause_first``.
    """

    connect: float = 5.0
    sign_in: float = 5.0
    boot: float = 60.0
    answer: float = 5.0
    sync: float = 20.0
    keepalive: float = 5.0
    pause_first: float = 0.5
    pause_away: float = 5.0
    pause_most: float = 30.0
    steady: float = 10.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What Asterisk said: ``ok`` and ``message``, the fields of its answer, and the events of a list."""

    ok: bool
    message: str = ""
    fields: dict[str, Any] = {}
    items: list[dict[str, Any]] = []


class LinkLost(Exception):
    """The connection ended; the text is the reason, a gettext key. ``answered`` = somebody was at the port."""

    def __init__(self, reason: str, *, answered: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answered = answered


class OneConnection(Manager):  # type: ignore[misc]
    """panoramisk's manager for a single connection: it neither connects again nor pings nor keeps actions for later."""

    pinger: asyncio.TimerHandle | None

    async def open(self) -> EventProtocol:
        """Connects; raises OSError."""
        self.ready: asyncio.Future[EventProtocol] = self.loop.create_future()
        connecting = self.connect()
        try:
            protocol: EventProtocol = await self.ready
            return protocol
        finally:
            connecting.cancel()

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        error = None if f.cancelled() else f.exception()
        if f.cancelled() or self.ready.done():
            self.ready.cancel()
        elif error is not None:
            self.ready.set_exception(error)
        else:
            super().connection_made(f)
            if self.pinger is not None:
                # The answers to panoramisk's own pings are looked at by nobody.
                self.pinger.cancel()
                self.pinger = None
            self.ready.set_result(self.protocol)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connected = False

    async def send_awaiting_actions(self, *_: Any) -> None:
        self.awaiting_actions.clear()


class Link:
    """Keeps the connection.

    ``sync`` is awaited after each sign-in (read the state there, by ``ask``); when it returns, the link is up.
    ``events`` gets wanted events in order, from sign-in on. ``changed(state, reason)`` is called on each change.
    """

    def __init__(
        self,
        account: Account,
        wanted: frozenset[str],
        *,
        events: Callable[[list[Fields]], None],
        sync: Callable[[Link], Awaitable[None]],
        changed: Callable[[LinkState, str], None],
        timing: Timing | None = None,
    ) -> None:
        self.account = account
        self.timing = timing or Timing()
        self.state: LinkState = "stopped"
        self.reason = ""
        self.attempts = 0
        self.version = ""
        self.uptime: float | None = None
        self._wanted = wanted | CONTROL
        self._events = events
        self._sync = sync
        self._changed = changed
        self._manager: OneConnection | None = None
        self._protocol: EventProtocol | None = None
        self._booted = asyncio.Event()
        self._lost: asyncio.Future[LinkLost] | None = None
        self._task: asyncio.Task[None] | None = None
        self._was_up = False

    @property
    def up(self) -> bool:
        """Whether commands can be given."""
        return self.state == "up"

    def start(self) -> None:
        """Begins to connect, and goes on for ever."""
        if self._task is None:
            self._task = asyncio.create_task(self._supervise(), name="ami-link")

    async def close(self) -> None:
        """Ends the connection, also in the middle of a pause, and does not come back."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._set("stopped", STOPPED)

    def drop(self, reason: str) -> None:
        """Cuts the connection; it is made anew and the state is read again."""
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(LinkLost(reason))
        if self._protocol is not None:
            self._protocol.drop(ConnectionError(reason))

    # --- actions -----------------------------------------------------------------------------------

    async def action(self, name: str, fields: dict[str, Any] | None = None, timeout: float | None = None) -> Answer:
        """Gives a command while the link is up; the first answer is the answer.

        Raises Unavailable when the link is down or no answer comes within ``timeout`` seconds (the command may have
        been done then; it is never sent again), and BadInput when a value may not be sent.
        """
        if self.state != "up":
            check(name, fields or {})
            raise Unavailable(NOT_UP)
        return await self.ask(name, fields, as_list=False, timeout=timeout)

    async def ask(
        self,
        name: str,
        fields: dict[str, Any] | None = None,
        *,
        as_list: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """As ``action``, but also while the state is being read.

        ``as_list`` None = Asterisk's answer says whether a list follows; a list that stops half way raises Unavailable
        after ``timeout`` seconds too.
        """
        fields = fields or {}
        check(name, fields)
        manager, protocol = self._manager, self._protocol
        if manager is None or protocol is None or protocol.closed:
            raise Unavailable(NOT_UP)
        future = manager.send_action({"Action": name, **fields}, as_list=as_list)
        try:
            found = await asyncio.wait_for(future, timeout or self.timing.answer)
        except (TimeoutError, ConnectionError) as error:
            raise Unavailable(UNCONFIRMED, code="unconfirmed") from error
        finally:
            for action in [a for a in protocol.responses.values() if a.future is future]:
                protocol.forget(action)
        return answer_of(found)

    # --- supervision -------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        pause, answered = self.timing.pause_first, True
        loop = asyncio.get_running_loop()
        while True:
            self.attempts += 1
            began = loop.time()
            try:
                await self._session()
                lost = LinkLost(LOST)
            except LinkLost as error:
                lost = error
            except Exception:
                log.exception("the link to Asterisk failed in an unexpected way")
                lost = LinkLost(LOST)
            if answered != lost.answered or (self._was_up and loop.time() - began > self.timing.steady):
                pause, answered = self.timing.pause_first, lost.answered
            self._set("waiting", lost.reason)
            most = self.timing.pause_most if lost.answered else min(self.timing.pause_away, self.timing.pause_most)
            wait = min(pause, most) * random.uniform(0.75, 1.0)  # noqa: S311 - jitter, no secret
            log.warning("no link to Asterisk: %s; next attempt in %.1f s", lost.reason, wait)
            await asyncio.sleep(wait)
            pause = min(pause * 2, self.timing.pause_most)

    async def _session(self) -> None:
        """One connection from beginning to end; always ends with LinkLost (or being cancelled)."""
        loop = asyncio.get_running_loop()
        self._was_up = False
        self._booted.clear()
        self.uptime = None
        self._lost = loop.create_future()
        self._set("connecting", "")
        manager = self._manager = OneConnection(
            host=self.account.host,
            port=self.account.port,
            loop=loop,
            protocol_factory=lambda: EventProtocol(self._wanted, self._arrived, self._ended),
        )
        work: asyncio.Task[None] | None = None
        try:
            try:
                self._protocol = await asyncio.wait_for(manager.open(), self.timing.connect)
            except (OSError, TimeoutError) as error:
                raise LinkLost(AWAY, answered=False) from error
            work = asyncio.create_task(self._work(), name="ami-session")
            both: set[asyncio.Future[Any]] = {work, self._lost}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.done():
                raise self._lost.result()
            work.result()
        finally:
            if work is not None:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            protocol, self._protocol, self._manager = self._protocol, None, None
            if protocol is not None:
                protocol.close()
            manager.close()
            self._lost = None

    async def _work(self) -> None:
        self._set("signing_in", "")
        try:
            signed = await self.ask(
                "Login",
                {"Username": self.account.username, "Secret": self.account.secret, "Events": "on"},
                as_list=False,
                timeout=self.timing.sign_in,
            )
        except Unavailable as error:
            raise LinkLost(SILENT) from error
        if not signed.ok:
            raise LinkLost(REFUSED)
        await self._wait_for_boot()
        await self._learn_name()
        self._set("syncing", "")
        try:
            await asyncio.wait_for(self._sync(self), self.timing.sync)
        except (Unavailable, TimeoutError) as error:
            raise LinkLost(UNREADABLE) from error
        self._was_up = True
        self._set("up", "")
        await self._keep_alive()

    async def _wait_for_boot(self) -> None:
        """Asterisk lets us in before its modules are there; FullyBooted (needs read=system) tells when they are."""
        try:
            await asyncio.wait_for(self._booted.wait(), self.timing.boot)
        except TimeoutError as error:
            raise LinkLost(NOT_BOOTED) from error

    async def _learn_name(self) -> None:
        """Asterisk's name for itself stands in every event: what comes without it was made by somebody else."""
        try:
            settings = await self.ask("CoreSettings", as_list=False)
        except Unavailable as error:
            raise LinkLost(SILENT) from error
        if self._protocol is not None:
            self._protocol.trust(str(settings.fields.get("CoreSystemName", "")))

    async def _keep_alive(self) -> None:
        """Own pings: a peer from which nothing at all came for two intervals is dead."""
        every, loop = self.timing.keepalive, asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every)
            try:
                await self.ask("Ping", as_list=False, timeout=every)
            except Unavailable as error:
                protocol = self._protocol
                if protocol is None or loop.time() - protocol.heard_at >= every:
                    raise LinkLost(SILENT) from error

    def _arrived(self, events: list[Fields]) -> None:
        for fields in events:
            name = fields.get("Event")
            if name == "FullyBooted" and not self._booted.is_set():
                self.uptime = _seconds(fields.get("Uptime", ""))
                self._booted.set()
            elif name == "Shutdown":
                asyncio.get_running_loop().call_soon(self.drop, SHUTDOWN)
        try:
            self._events(events)
        except Exception:
            log.exception("%d telephony events were not taken", len(events))

    def _ended(self, error: Exception | None) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(LinkLost(LOST))

    def _set(self, state: LinkState, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason = state, reason
        if self._protocol is not None and self._protocol.version:
            self.version = self._protocol.version
        try:
            self._changed(state, reason)
        except Exception:
            log.exception("the change of the link to %s was not taken", state)


def check(name: str, fields: dict[str, Any]) -> None:
    """Refuses what would end a line of the action (and so begin another one), or be cut off by Asterisk."""
    lines = [
        f"{key}: {one}"
        for key, value in (("Action", name), *fields.items())
        for one in (value if isinstance(value, (list, tuple)) else (value,))
    ]
    text = "".join(lines)
    if "\r" in text or "\n" in text or "\0" in text:
        raise BadInput(LINE_BREAK, code="line_break")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(NOT_TEXT, code="not_text") from error
    if len(text) > LONGEST_LINE // 4 and any(len(line.encode()) > LONGEST_LINE for line in lines):
        raise BadInput(TOO_LONG, code="too_long")


def answer_of(found: Any) -> Answer:
    """panoramisk's message, or list of messages, as plain data (its attributes and copies are traps)."""
    messages = list(found) if isinstance(found, list) else [found]
    first = dict(messages[0].items())
    return Answer(
        ok=first.get("Response") in ("Success", "Follows", "Goodbye"),
        message=str(first.get("Message", "")),
        fields=first,
        items=[dict(message.items()) for message in messages[1:]],
    )


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
