"""The link against a fake AMI that misbehaves in every way that was measured (or feared)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from callcenter.core.errors import BadInput, Unavailable
from callcenter.telephony import link as links
from callcenter.telephony.link import Account, Link, LinkState, Timing
from callcenter.telephony.protocol import Fields
from tests.support.fake_ami import Action, Connection, FakeAmi, fake_ami, message

QUICK = Timing(
    connect=1.0,
    sign_in=1.0,
    boot=1.0,
    answer=0.3,
    sync=2.0,
    keepalive=0.15,
    pause_first=0.02,
    pause_away=0.1,
    pause_most=0.3,
)


class Harness:
    """A link with everything it said and delivered."""

    def __init__(self, server: FakeAmi, secret: str = "right", timing: Timing = QUICK) -> None:
        self.events: list[Fields] = []
        self.states: list[tuple[LinkState, str]] = []
        self.syncs = 0
        self.fail: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self.link = Link(
            Account(port=server.port, username="cc", secret=secret),
            frozenset({"Newchannel", "Hangup", "VarSet", "OriginateResponse", "DeviceStateChange", "UserEvent"}),
            events=self._take,
            sync=self._sync,
            changed=self._state,
            timing=timing,
        )

    def _take(self, events: list[Fields]) -> None:
        self.events += [e for e in events if e["Event"] not in links.CONTROL]
        self._changed.set()
        self.fail()

    async def _sync(self, link: Link) -> None:
        self.syncs += 1
        await link.ask("Status")

    def _state(self, state: LinkState, reason: str) -> None:
        self.states.append((state, reason))
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def linked(server: FakeAmi, **options: object) -> AsyncIterator[Harness]:
    harness = Harness(server, **options)  # type: ignore[arg-type]
    harness.link.start()
    try:
        await harness.until(lambda: harness.link.up)
        yield harness
    finally:
        await harness.link.close()


def silent(_connection: Connection, _action: Action) -> bytes:
    return b""


async def test_signs_in_syncs_and_is_up() -> None:
    async with fake_ami() as server, linked(server) as harness:
        assert [state for state, _ in harness.states] == ["connecting", "signing_in", "syncing", "up"]
        assert harness.link.version == "11.0.0"
        assert harness.link.uptime == 100
        assert harness.link._manager is not None
        assert harness.link._manager.pinger is None, "pings are the watchdog's"
        assert (await harness.link.action("Anything")).ok


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
async def test_line_breaks_are_refused_in_every_value(bad: str) -> None:
    async with fake_ami() as server, linked(server) as harness:
        before = len(server.last.actions)
        for name, fields in (
            (bad, {}),
            ("QueueAdd", {"MemberName": bad}),
            ("Originate", {"Variable": ["__CC_TO=1", f"__CC_FROM={bad}"]}),
            ("QueueAdd", {f"Queue: q1{bad}": "x"}),
        ):
            with pytest.raises(BadInput):
                await harness.link.action(name, fields)
        await harness.link.action("Ping")
        assert [a["action"] for a in server.last.actions[before:]] == [["Ping"]]


async def test_values_that_asterisk_would_cut_off_are_refused() -> None:
    async with fake_ami() as server, linked(server) as harness:
        with pytest.raises(BadInput):
            await harness.link.action("QueueAdd", {"MemberName": "я" * 600})
        with pytest.raises(BadInput):
            await harness.link.action("QueueAdd", {"MemberName": "\ud800"})


async def test_an_action_without_answer_times_out_and_leaves_nothing_behind() -> None:
    async with fake_ami() as server:
        server.replies["queueadd"] = silent
        async with linked(server) as harness:
            with pytest.raises(Unavailable) as error:
                await harness.link.action("QueueAdd", {"Queue": "q1"}, timeout=0.05)
            assert error.value.error_code == "unconfirmed"
            assert harness.link._protocol is not None
            assert not [a for a in harness.link._protocol.responses.values() if a["action"] == "QueueAdd"]
            assert harness.link.up


async def test_a_half_list_times_out() -> None:
    async with fake_ami() as server:
        server.items["coreshowchannels"] = [{"Event": "CoreShowChannel", "Channel": "PJSIP/a1w-1"}]
        async with linked(server) as harness:
            whole = await harness.link.ask("CoreShowChannels")
            assert [i.get("Channel") for i in whole.items] == ["PJSIP/a1w-1", None]

            def half(_: Connection, action: Action) -> bytes:
                return server.listing(action["actionid"][0], "coreshowchannels").partition(b"Event: CoreShowChannelsC")[
                    0
                ]

            server.replies["coreshowchannels"] = half
            with pytest.raises(Unavailable):
                await harness.link.ask("CoreShowChannels", timeout=0.1)


async def test_a_refused_list_answers_at_once() -> None:
    async with fake_ami() as server:
        server.replies["pjsipshowcontacts"] = lambda _, a: (
            message(Response="Error", ActionID=a["actionid"][0], Message="No Contacts found") + b"\r\n"
        )
        async with linked(server) as harness:
            answer = await harness.link.ask("PJSIPShowContacts", timeout=0.2)
            assert (answer.ok, answer.message) == (False, "No Contacts found")
            # The superfluous line end after it must not swallow the next message.
            server.last.send(message(Event="Hangup", Uniqueid="1.1"))
            await harness.until(lambda: len(harness.events) == 1)


async def test_a_lost_originate_is_never_sent_again() -> None:
    async with fake_ami() as server:
        server.replies["originate"] = silent
        async with linked(server) as harness:
            first = server.last
            pending = asyncio.create_task(
                harness.link.action("Originate", {"Channel": "PJSIP/a1w", "Async": "true"}, timeout=3.0)
            )
            await server.until(lambda: len(server.said("Originate")) == 1)
            first.cut()
            with pytest.raises(Unavailable) as error:
                await asyncio.wait_for(pending, 1.0)
            assert error.value.error_code == "unconfirmed"
            await harness.until(lambda: harness.link.up and len(server.connections) == 2)
            # Whatever would be sent again after FullyBooted would stand before the answer to this one.
            await harness.link.action("Ping")
            assert len(server.said("Originate")) == 1


async def test_after_a_break_the_state_is_read_again() -> None:
    async with fake_ami() as server, linked(server) as harness:
        server.last.cut()
        await harness.until(lambda: harness.syncs == 2 and harness.link.up)
        assert ("waiting", links.LOST) in harness.states


async def test_commands_are_refused_while_the_link_is_down() -> None:
    async with fake_ami() as server, linked(server) as harness:
        await server.stop()
        await harness.until(lambda: not harness.link.up)
        with pytest.raises(Unavailable):
            await harness.link.action("Hangup", {"Channel": "x"})


async def test_letters_split_over_two_reads_stay_whole() -> None:
    async with fake_ami() as server, linked(server) as harness:
        raw = message(Event="Newchannel", Uniqueid="1.1", CallerIDName="«Иванов» 😀")
        for byte in raw:
            server.last.send(bytes([byte]))
            await server.last.writer.drain()
            await asyncio.sleep(0)
        await harness.until(lambda: bool(harness.events))
        assert harness.events == [{"Event": "Newchannel", "Uniqueid": "1.1", "CallerIDName": "«Иванов» 😀"}]


async def test_broken_bytes_and_empty_values_do_no_harm() -> None:
    async with fake_ami() as server, linked(server) as harness:
        server.last.send(b"Event: Hangup\r\nUniqueid: 1.1\r\nBare:\r\nCallerIDName: \xff\xfe\r\nEmpty: \r\n\r\n")
        server.last.send(b"\r\n\r\nEvent: Unwanted\r\nUniqueid: 7\r\n\r\nrubbish\r\n\r\n")
        server.last.send(message(Event="Hangup", Uniqueid=2))
        await harness.until(lambda: len(harness.events) == 2)
        name = "\ufffd\ufffd"
        assert harness.events[0] == {
            "Event": "Hangup",
            "Uniqueid": "1.1",
            "Bare": "",
            "CallerIDName": name,
            "Empty": "",
        }
        assert harness.events[1]["Uniqueid"] == "2"


EVIL = (
    "7916\r\nUniqueid: 6.6",
    "7916\r\nno colon",
    "7916\r\n\r\nEvent: Hangup\r\nUniqueid: 6.6",
    "7916\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1.0\r\nSystemName: guess\r\nUniqueid: 6.6",
    "7916\r\n\r\nResponse: Success\r\nActionID: 1\r\nUniqueid: 6.6",
    "7916\r\n\r\nEvent: Shutdown\r\nUniqueid: 6.6",
    "7916\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nSystemName: guess\r\nUniqueid: 6.6\r\n\r\nX: ",
    "7916\r\n\r\nEvent: Shutdown\r\n\r\nX: ",
)


@pytest.mark.parametrize("evil", EVIL)
async def test_what_a_caller_writes_into_his_number_is_not_taken_for_an_event(evil: str) -> None:
    async with fake_ami() as server:
        server.replies["coresettings"] = lambda _, a: message(
            Response="Success", ActionID=a["actionid"][0], CoreSystemName="secret"
        )
        async with linked(server) as harness:
            head = {"Privilege": "call,all", "Timestamp": "1.0", "SystemName": "secret"}
            server.last.send(message(Event="Newchannel", **head, CallerIDNum=evil, Uniqueid="1.1"))
            server.last.send(message(Event="Hangup", **head, Uniqueid="1.1"))
            await harness.until(lambda: bool(harness.events) and harness.events[-1]["Event"] == "Hangup")
            assert [(e["Event"], e["Uniqueid"]) for e in harness.events if "Uniqueid" in e] == [("Hangup", "1.1")]
            assert harness.link.up
            assert len(server.connections) == 1


async def test_only_our_variables_and_steps_are_delivered() -> None:
    async with fake_ami() as server, linked(server) as harness:
        for name in ("DIALSTATUS", "CC_DIR", "__CC_TO", "XCC_"):
            server.last.send(message(Event="VarSet", Privilege="x", Variable=name, Value="CC_"))
        server.last.send(message(Event="UserEvent", Privilege="x", UserEvent="Other"))
        server.last.send(message(Event="UserEvent", Privilege="x", UserEvent="CcStep", Kind="key"))
        server.last.send(message(Event="Hangup", Uniqueid=1))
        await harness.until(lambda: bool(harness.events) and harness.events[-1]["Event"] == "Hangup")
        assert [e.get("Variable") or e.get("Kind") for e in harness.events] == ["CC_DIR", "__CC_TO", "key", None]


async def test_events_of_a_finished_action_are_delivered_and_lists_are_not() -> None:
    async with fake_ami() as server:
        server.items["devicestatelist"] = [{"Event": "DeviceStateChange", "Device": "PJSIP/a1w", "State": "INUSE"}]
        async with linked(server) as harness:
            answer = await harness.link.ask("DeviceStateList")
            assert answer.items[0]["State"] == "INUSE"
            await harness.link.action("Originate", {"ActionID": "mine", "Async": "true"})
            server.last.send(message(Event="OriginateResponse", ActionID="mine", Response="Failure", Reason=0))
            await harness.until(lambda: bool(harness.events))
            assert [e["Event"] for e in harness.events] == ["OriginateResponse"]


async def test_a_listener_that_raises_does_not_end_the_link() -> None:
    async with fake_ami() as server, linked(server) as harness:

        def bang() -> None:
            raise RuntimeError("bang")

        harness.fail = bang
        server.last.send(message(Event="Hangup", Uniqueid=1))
        await harness.until(lambda: len(harness.events) == 1)
        harness.fail = lambda: None
        server.last.send(message(Event="Hangup", Uniqueid=2))
        await harness.until(lambda: len(harness.events) == 2)
        assert (await harness.link.action("Ping")).ok
        assert len(server.connections) == 1


async def test_the_watchdog_finds_a_silent_peer() -> None:
    async with fake_ami() as server, linked(server) as harness:
        server.silent = True
        await harness.until(lambda: ("waiting", links.SILENT) in harness.states, timeout=3.0)
        server.silent = False
        await harness.until(lambda: harness.link.up)


async def test_a_peer_that_speaks_but_does_not_answer_pings_is_alive() -> None:
    async with fake_ami() as server:
        server.replies["ping"] = silent
        async with linked(server) as harness:
            for n in range(12):
                server.last.send(message(Event="Hangup", Uniqueid=n))
                await asyncio.sleep(QUICK.keepalive / 3)
            assert len(server.connections) == 1
            assert harness.link.up


async def test_a_wrong_password_makes_the_pauses_grow() -> None:
    async with fake_ami() as server:
        harness = Harness(server, secret="wrong", timing=Timing(pause_first=0.05, pause_most=0.4))
        harness.link.start()
        await server.until(lambda: len(server.connections) == 6)
        await harness.link.close()
        gaps = [b - a for a, b in pairwise(server.connected_at)]
        assert all(later > earlier for earlier, later in pairwise(gaps[:4])), gaps
        assert gaps[-1] < 0.6
        assert ("waiting", links.REFUSED) in harness.states
        assert harness.link.state == "stopped"


async def test_without_anybody_at_the_port_it_goes_on_trying() -> None:
    async with fake_ami() as server:
        port = server.port
        await server.stop()
        harness = Harness(server)
        harness.link.start()
        await harness.until(lambda: harness.states.count(("waiting", links.AWAY)) >= 3)
        await server.start(port)
        await harness.until(lambda: harness.link.up)
        await harness.link.close()


async def test_close_in_a_pause_does_not_come_back() -> None:
    async with fake_ami() as server:
        harness = Harness(server, secret="wrong", timing=Timing(pause_first=0.05))
        harness.link.start()
        await harness.until(lambda: harness.link.state == "waiting")
        await harness.link.close()
        seen = len(server.connections)
        await asyncio.sleep(0.2)
        assert len(server.connections) == seen
        assert harness.link.state == "stopped"


async def test_close_while_up_ends_the_connection_and_what_waits() -> None:
    async with fake_ami() as server:
        server.replies["queueadd"] = silent
        async with linked(server) as harness:
            pending = asyncio.create_task(harness.link.action("QueueAdd", timeout=5.0))
            await server.until(lambda: bool(server.said("QueueAdd")))
            await harness.link.close()
            with pytest.raises(Unavailable):
                await asyncio.wait_for(pending, 1.0)


async def test_asterisk_that_is_not_fully_booted_is_not_trusted() -> None:
    async with fake_ami() as server:
        server.booted = False
        harness = Harness(server, timing=Timing(boot=0.1, pause_first=0.02, pause_most=0.1))
        harness.link.start()
        await harness.until(lambda: ("waiting", links.NOT_BOOTED) in harness.states)
        assert harness.syncs == 0
        server.booted = True
        await harness.until(lambda: harness.link.up)
        await harness.link.close()


async def test_a_shutdown_is_said_and_the_link_returns() -> None:
    async with fake_ami() as server, linked(server) as harness:
        server.last.send(message(Event="Shutdown", Privilege="system,all", Shutdown="Cleanly", Restart="False"))
        await harness.until(lambda: ("waiting", links.SHUTDOWN) in harness.states)
        await harness.until(lambda: harness.link.up)


async def test_a_state_that_cannot_be_read_drops_the_link() -> None:
    async with fake_ami() as server:
        server.replies["status"] = silent
        harness = Harness(server, timing=Timing(answer=0.05, pause_first=0.02, pause_most=0.05))
        harness.link.start()
        await harness.until(lambda: ("waiting", links.UNREADABLE) in harness.states)
        del server.replies["status"]
        await harness.until(lambda: harness.link.up)
        await harness.link.close()
