"""Commands to Asterisk as typed calls. Each answers or raises; none is ever sent twice.

All raise core.errors: Unavailable (no link, or no answer in time: code ``unconfirmed``), BadInput (a value that may not
be sent), NotFound and Conflict (Asterisk says no).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any

from callcenter.core.directory import trunk_name
from callcenter.core.errors import BadInput, Conflict, NotFound, Unavailable
from callcenter.core.i18n import N_
from callcenter.telephony.autoanswer import HEADERS, AutoAnswer
from callcenter.telephony.link import NOT_UP, Answer, Link
from callcenter.telephony.resync import queue_state
from callcenter.telephony.snapshot import MemberNow
from callcenter.telephony.trunks import TrunkNow, trunk_states

NOT_CALLED = N_("Asterisk did not take the call: %(reason)s")
REFUSED = N_("Asterisk refused: %(reason)s")
CHANNEL_GONE = N_("This call is over already.")
NO_QUEUE = N_("Asterisk does not know this queue yet. Apply the settings and try again.")
WRONG_VALUE = N_("This value may not be given to Asterisk: %(value)s")

# A comma or a bracket would begin another variable or a function.
_SAFE_VALUE = re.compile(r"[^,()\"\\]*\Z")
# One line of `database show`: /cc-closed/1      : 1
_DATABASE_LINE = re.compile(r"/(?P<family>[^/\s]+)/(?P<key>\S+)\s*:")
_OFFLINE = ("UNAVAILABLE", "INVALID", "")


class Gateway:
    """Gives commands over ``link``."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def originate(
        self,
        *,
        endpoint: str,
        context: str,
        exten: str,
        channel_id: str,
        variables: Mapping[str, str | int],
        caller_number: str = "",
        caller_name: str = "",
        timeout: float = 30.0,
        auto_answer: AutoAnswer = "",
        account: str = "",
    ) -> None:
        """Rings ``endpoint`` and, once it answers, goes on at ``exten`` in ``context``.

        Returns when Asterisk has taken the order; the outcome comes as events of channel ``channel_id``. ``variables``
        are inherited by all channels of the call. ``auto_answer`` adds the headers by which a phone answers by itself.
        ``account`` (at most 79 letters) is written into the call journal from the first moment.
        """
        lines = [f"__{key}={_safe(value)}" for key, value in variables.items()]
        lines += [f"PJSIP_HEADER(add,{name})={value}" for name, value in HEADERS.get(auto_answer, ())]
        fields: dict[str, Any] = {
            "Channel": f"PJSIP/{endpoint}",
            "Context": context,
            "Exten": exten,
            "Priority": "1",
            "Timeout": str(int(timeout * 1000)),
            "ChannelId": channel_id,
            "Async": "true",
            # Our own id: OriginateResponse carries it, and names no channel when none came about.
            "ActionID": action_id(channel_id),
            "Variable": lines,
        }
        if account and len(account) < 80:
            fields["Account"] = account
        if caller_number:
            name = caller_name.replace('"', "'").replace("\\", "/")[:80]
            fields["CallerID"] = f'"{name}" <{caller_number}>' if name else f"<{caller_number}>"
        answer = await self._link.action("Originate", fields)
        if not answer.ok:
            raise Conflict(NOT_CALLED, reason=answer.message)

    async def originate_local(
        self,
        *,
        place: tuple[str, str],
        answer: tuple[str, str],
        ids: tuple[str, str],
        variables: Mapping[str, str | int],
    ) -> None:
        """A call of Asterisk with itself: one half goes on at ``place`` (context, extension), the other at ``answer``.

        ``ids`` are the Uniqueids of the answering half and of the one at ``place``, which has ``variables``.
        """
        fields: dict[str, Any] = {
            "Channel": f"Local/{place[1]}@{place[0]}/n",
            "Context": answer[0],
            "Exten": answer[1],
            "Priority": "1",
            "Timeout": "30000",
            "ChannelId": ids[0],
            "OtherChannelId": ids[1],
            "Async": "true",
            "ActionID": action_id(ids[0]),
            "Variable": [f"{key}={_safe(value)}" for key, value in variables.items()],
        }
        result = await self._link.action("Originate", fields)
        if not result.ok:
            raise Conflict(NOT_CALLED, reason=result.message)

    async def hangup(self, channels: Iterable[str], cause: int = 16) -> int:
        """Hangs up channels (names or Uniqueids); returns how many there still were."""
        done = 0
        for channel in channels:
            answer = await self._link.action("Hangup", {"Channel": channel, "Cause": str(cause)})
            done += answer.ok
        return done

    async def channels_of(self, call_id: str) -> list[str]:
        """The names of the channels of a call (by its Linkedid) that are up, first the client's or first one."""
        answer = await self._link.ask("CoreShowChannels")
        return [str(i["Channel"]) for i in answer.items if i.get("Linkedid") == call_id and i.get("Channel")]

    async def queue_add(
        self,
        queue: str,
        interface: str,
        *,
        name: str = "",
        penalty: int = 0,
        paused: bool = False,
        reason: str = "",
        state_interface: str = "",
    ) -> None:
        """Makes ``interface`` a member of ``queue``; being one already is fine (penalty and pause stay)."""
        fields = {"Queue": queue, "Interface": interface, "Penalty": str(penalty), "Paused": _bool(paused)}
        fields |= {"StateInterface": state_interface or interface}
        fields |= {key: value for key, value in (("MemberName", name), ("Reason", reason)) if value}
        answer = await self._link.action("QueueAdd", fields)
        _refused(answer, fine="already there")

    async def queue_remove(self, queue: str, interface: str) -> None:
        """Takes ``interface`` out of ``queue``; not being in it is fine."""
        _refused(await self._link.action("QueueRemove", {"Queue": queue, "Interface": interface}), fine="not there")

    async def queue_pause(self, interface: str, paused: bool, *, queue: str = "", reason: str = "") -> None:
        """Pauses or unpauses ``interface`` in ``queue`` ('' = in all); being in none is fine."""
        fields = {"Interface": interface, "Paused": _bool(paused)}
        fields |= {key: value for key, value in (("Queue", queue), ("Reason", reason)) if value}
        _refused(await self._link.action("QueuePause", fields), fine="not found")

    async def queue_penalty(self, interface: str, penalty: int, *, queue: str = "") -> None:
        """Sets a member's penalty in ``queue`` ('' = in all)."""
        fields = {"Interface": interface, "Penalty": str(penalty)} | ({"Queue": queue} if queue else {})
        _refused(await self._link.action("QueuePenalty", fields))

    async def queue_members(self, now: float) -> tuple[MemberNow, ...]:
        """All members of all queues."""
        answer = await self._link.ask("QueueStatus")
        return queue_state(answer.items, now)[0]

    async def redirect(
        self, channel: str, context: str, exten: str, *, other: str = "", to: tuple[str, str] = ("", "")
    ) -> None:
        """Sends a channel elsewhere in the dialplan, and ``other`` (whom it talks with) to ``to``, else there too."""
        fields = {"Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}
        if other:
            there, place = to if to[0] else (context, exten)
            fields |= {"ExtraChannel": other, "ExtraContext": there, "ExtraExten": place, "ExtraPriority": "1"}
        _refused(await self._link.action("Redirect", fields))

    async def transfer(self, channel: str, context: str, exten: str) -> None:
        """Blind transfer: who talks with ``channel`` is sent to ``exten``; ``channel`` itself is let go."""
        fields = {"Channel": channel, "Context": context, "Exten": exten}
        _refused(await self._link.action("BlindTransfer", fields))

    async def record(self, channel: str, file: str, options: str = "") -> None:
        """Starts MixMonitor on a channel."""
        _refused(await self._link.action("MixMonitor", {"Channel": channel, "File": file, "Options": options}))

    async def record_stop(self, channel: str) -> None:
        """Stops MixMonitor on a channel."""
        _refused(await self._link.action("StopMixMonitor", {"Channel": channel}))

    async def record_silence(self, channel: str, on: bool) -> None:
        """Writes silence in place of both sides into what MixMonitor records of a channel; the files go on in time."""
        fields = {"Channel": channel, "Direction": "both", "State": "1" if on else "0"}
        _refused(await self._link.action("MixMonitorMute", fields))

    async def send_digits(self, channel: str, digits: str) -> None:
        """Plays DTMF digits to a channel."""
        for digit in digits:
            _refused(await self._link.action("PlayDTMF", {"Channel": channel, "Digit": digit, "Receive": "false"}))

    async def set_variable(self, channel: str, name: str, value: str | int) -> None:
        """Sets a channel variable ('' as ``channel`` = a global one)."""
        fields = {"Variable": name, "Value": str(value)} | ({"Channel": channel} if channel else {})
        _refused(await self._link.action("Setvar", fields))

    async def set_variables(self, channel: str, values: Mapping[str, str | int]) -> None:
        """Sets several variables of a channel in this order, all sent at once. NotFound when it is gone."""
        # Each is on the wire before the next is begun; the answers come in the same order.
        await asyncio.gather(*(self.set_variable(channel, name, value) for name, value in values.items()))

    async def variable(self, name: str, channel: str = "") -> str:
        """A channel variable or dialplan function; without ``channel`` a global one."""
        fields = {"Variable": name} | ({"Channel": channel} if channel else {})
        answer = await self._link.action("Getvar", fields)
        _refused(answer)
        return str(answer.fields.get("Value", ""))

    async def device_online(self, endpoint: str) -> bool:
        """Whether a phone could ring now: it is registered (or has a fixed address) and reachable."""
        return await self.variable(f"DEVICE_STATE(PJSIP/{endpoint})") not in _OFFLINE

    async def trunks(self, ids: Iterable[int]) -> dict[int, TrunkNow]:
        """The states of trunks by id; those that Asterisk does not know are left out."""
        if self._link.state != "up":
            raise Unavailable(NOT_UP)
        names = [trunk_name(trunk_id) for trunk_id in ids]
        registrations = await self._link.ask("PJSIPShowRegistrationsOutbound") if names else None
        # A fixed contact is in no list of contacts, only among its endpoint's own.
        contacts = [await self._link.ask("PJSIPShowEndpoint", {"Endpoint": name}) for name in names]
        return trunk_states(
            registrations.items if registrations else (), [item for answer in contacts for item in answer.items]
        )

    async def sign_out(self, trunk_id: int) -> None:
        """Has Asterisk sign out at a trunk's operator, which would go on sending calls else; not signed in is fine."""
        await self._link.action("PJSIPUnregister", {"Registration": trunk_name(trunk_id)})

    async def database_put(self, family: str, key: str, value: str) -> None:
        """Keeps a value in Asterisk's own database, which outlives it."""
        _refused(await self._link.action("DBPut", {"Family": family, "Key": key, "Val": value}))

    async def database_delete(self, family: str, key: str) -> None:
        """Takes a key out of Asterisk's own database; not being there is fine."""
        _refused(await self._link.action("DBDel", {"Family": family, "Key": key}), fine="not found")

    async def database_keys(self, family: str) -> list[str]:
        """The keys of a family of Asterisk's own database; ``family`` is one of our names, never typed by a person."""
        lines = await self.command(f"database show {family}")
        found = (_DATABASE_LINE.match(line) for line in lines)
        return [one["key"] for one in found if one and one["family"] == family]

    async def reload(self, module: str) -> None:
        """Reloads a module (``res_pjsip.so``, ``app_queue.so`` …), or ``dialplan``; calls go on."""
        answer = await self._link.action("Reload", {"Module": module}, timeout=20.0)
        _refused(answer)

    async def command(self, line: str) -> list[str]:
        """Output of a command of Asterisk's console, for ``doctor`` and settings; never from a person's input."""
        answer = await self._link.action("Command", {"Command": line}, timeout=20.0)
        _refused(answer)
        output = answer.fields.get("Output", [])
        return [output] if isinstance(output, str) else list(output)


def action_id(channel_id: str) -> str:
    """The ActionID of the Originate that makes channel ``channel_id``."""
    return f"originate-{channel_id}"


def _refused(answer: Answer, fine: str = "") -> None:
    if answer.ok or (fine and fine in answer.message.lower()):
        return
    words = answer.message.lower()
    if "no such channel" in words or "does not exist" in words or "not specified channel" in words:
        raise NotFound(CHANNEL_GONE)
    if "no such queue" in words:
        raise NotFound(NO_QUEUE)
    raise Conflict(REFUSED, reason=answer.message)


def _safe(value: str | int) -> str:
    text = str(value)
    if not _SAFE_VALUE.match(text):
        raise BadInput(WRONG_VALUE, value=text[:40])
    return text


def _bool(value: bool) -> str:
    return "true" if value else "false"
