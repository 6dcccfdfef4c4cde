"""Commands as they go over the wire, and what is made of Asterisk's answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.telephony.gateway import Gateway
from callcenter.telephony.link import Account, Link
from tests.support.fake_ami import Action, Connection, FakeAmi, fake_ami, message


@asynccontextmanager
async def gateway_at(server: FakeAmi) -> AsyncIterator[Gateway]:
    up = asyncio.Event()

    async def sync(_link: Link) -> None: ...

    link = Link(
        Account(port=server.port, username="cc", secret="right"),
        frozenset(),
        events=lambda _events: None,
        sync=sync,
        changed=lambda state, _reason: up.set() if state == "up" else None,
    )
    link.start()
    try:
        await asyncio.wait_for(up.wait(), 5)
        yield Gateway(link)
    finally:
        await link.close()


def says(text: str, ok: bool = False) -> object:
    """An answer with this message."""

    def reply(_connection: Connection, action: Action) -> bytes:
        return message(Response="Success" if ok else "Error", ActionID=action["actionid"][0], Message=text)

    return reply


async def originate(gateway: Gateway, **changes: object) -> None:
    order: dict[str, object] = {
        "endpoint": "a12w",
        "context": "dial-1",
        "exten": "+79161234567",
        "channel_id": "d1795300247123.1a2b3c4d",
        "variables": {"CC_TO": "+79161234567", "CC_BUSINESS": 1},
        "caller_number": "+79161234567",
        "timeout": 20.0,
        "auto_answer": "now",
    }
    await gateway.originate(**(order | changes))  # type: ignore[arg-type]


async def test_an_originate_is_always_asynchronous_and_carries_the_calls_id() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        await originate(gateway, caller_name='Иван "x"')
        (sent,) = server.said("Originate")
        assert sent["async"] == ["true"]
        assert (sent["channel"], sent["context"], sent["exten"]) == (["PJSIP/a12w"], ["dial-1"], ["+79161234567"])
        assert (sent["channelid"], sent["timeout"]) == (["d1795300247123.1a2b3c4d"], ["20000"])
        assert sent["variable"] == ["__CC_TO=+79161234567", "__CC_BUSINESS=1", "PJSIP_HEADER(add,X-Auto)=1"]
        assert sent["callerid"] == ["\"Иван 'x'\" <+79161234567>"]
        await originate(gateway, auto_answer="")
        assert not any("X-Auto" in line for line in server.said("Originate")[1]["variable"])


@pytest.mark.parametrize(
    "changes",
    [
        {"variables": {"CC_TO": "1,__CC_BUSINESS=2"}},
        {"variables": {"CC_TO": "1\r\nAction: Ping"}},
        {"variables": {"CC_TO": "SHELL(ls)"}},
        {"exten": "1\r\nAction: Ping"},
        {"caller_name": "x\r\nAction: Ping"},
        {"endpoint": "a1\nb"},
    ],
)
async def test_values_that_would_mean_something_else_are_not_sent(changes: dict[str, object]) -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        with pytest.raises(BadInput):
            await originate(gateway, **changes)
        assert not server.said("Originate")


async def test_a_refused_call_is_said_with_asterisks_words() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        server.replies["originate"] = says("Extension does not exist.")  # type: ignore[assignment]
        with pytest.raises(Conflict, match="Extension does not exist"):
            await originate(gateway)


async def test_what_is_so_already_is_fine() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        server.replies["queueadd"] = says("Unable to add interface: Already there")  # type: ignore[assignment]
        server.replies["queueremove"] = says("Unable to remove interface: Not there")  # type: ignore[assignment]
        server.replies["queuepause"] = says("Interface not found")  # type: ignore[assignment]
        await gateway.queue_add("q7", "PJSIP/a12w")
        await gateway.queue_remove("q7", "PJSIP/a12w")
        await gateway.queue_pause("PJSIP/a12w", True)


async def test_what_is_wrong_is_an_error() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        server.replies["queueadd"] = says("Unable to add interface to queue: No such queue")  # type: ignore[assignment]
        server.replies["queueremove"] = says("Permission denied")  # type: ignore[assignment]
        server.replies["redirect"] = says("Channel does not exist: PJSIP/x")  # type: ignore[assignment]
        with pytest.raises(NotFound):
            await gateway.queue_add("q404", "PJSIP/a12w")
        with pytest.raises(Conflict, match="Permission denied"):
            await gateway.queue_remove("q7", "PJSIP/a12w")
        with pytest.raises(NotFound):
            await gateway.redirect("PJSIP/x", "dial-1", "1")


async def test_a_queue_member_is_added_as_told_although_the_answer_looks_like_a_list() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        server.replies["queueadd"] = says("Added interface to queue", ok=True)  # type: ignore[assignment]
        await gateway.queue_add("q7", "PJSIP/a12w", name="Иван", penalty=3, paused=True, reason="обед")
        (sent,) = server.said("QueueAdd")
        assert (sent["penalty"], sent["paused"], sent["reason"]) == (["3"], ["true"], ["обед"])
        assert (sent["membername"], sent["stateinterface"]) == (["Иван"], ["PJSIP/a12w"])


async def test_hanging_up_what_is_gone_counts_nothing() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        server.replies["hangup"] = lambda _c, a: (
            message(Response="Error", ActionID=a["actionid"][0], Message="No such channel")
            if a["channel"] == ["PJSIP/gone"]
            else None
        )
        assert await gateway.hangup(["PJSIP/gone", "PJSIP/there"]) == 1


async def test_a_phone_is_on_line_unless_asterisk_says_otherwise() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        for state, online in (("NOT_INUSE", True), ("INUSE", True), ("UNAVAILABLE", False), ("INVALID", False)):
            server.replies["getvar"] = lambda _c, a, state=state: message(  # type: ignore[misc]
                Response="Success", ActionID=a["actionid"][0], Variable=a["variable"][0], Value=state
            )
            assert await gateway.device_online("a12w") is online
        assert server.said("Getvar")[0]["variable"] == ["DEVICE_STATE(PJSIP/a12w)"]


async def test_the_console_gives_its_lines() -> None:
    async with fake_ami() as server, gateway_at(server) as gateway:
        server.replies["command"] = lambda _c, a: message(
            Response="Success", ActionID=a["actionid"][0], Message="Command output follows", Output=["one", "two"]
        )
        assert await gateway.command("core show version") == ["one", "two"]
