"""A real Asterisk with the product's own configuration for the scenarios: telephones, members, and the AMI stream."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import Runner
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import (
    Agent,
    Business,
    Device,
    Key,
    Menu,
    Model,
    Number,
    Queue,
    Target,
    Trunk,
)
from callcenter.telephony.config.render import render
from tests.support import audio, line
from tests.support.telephone import Telephone, free_port
from tests.traces.phone import Phone
from tests.traces.scenarios import CLIENT

PHONES = ("a11s", "a12s", "a12w", "a13s")
PASSWORD = "phone-password"


class Stream:
    """All that Asterisk says on AMI, as bytes, and actions without looking at their answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.raw = bytearray()
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def open(cls, port: int, user: str, password: str) -> Stream:
        """Signs in."""
        stream = cls(*await asyncio.open_connection("127.0.0.1", port))
        stream.act(Action="Login", Username=user, Secret=password)
        async with asyncio.timeout(15):
            while b"FullyBooted" not in stream.raw:  # noqa: ASYNC110 - bytes have no event
                await asyncio.sleep(0.01)
        return stream

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            self.raw += data

    def act(self, **fields: str | list[str]) -> None:
        """Sends an action."""
        lines = [
            f"{name}: {one}"
            for name, value in fields.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def take(self) -> bytes:
        """What came since the last time."""
        found = bytes(self.raw)
        self.raw.clear()
        return found

    async def close(self) -> None:
        """Ends the connection."""
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)


class LineWorld:
    """The scenarios' World on a running Asterisk."""

    def __init__(
        self, stream: Stream, phones: dict[str, Telephone], client: Telephone, carrier: Telephone, journal: Path
    ) -> None:
        self.stream = stream
        self._journal = journal
        self._read = 0
        self._phones = phones
        self._client = client
        self._carrier = carrier
        self._members: dict[str, set[str]] = {}

    def agent(self, name: str) -> Phone:
        return self._phones[name]

    def client(self) -> Phone:
        return self._client

    def carrier(self) -> Phone:
        return self._carrier

    async def members(self, queue: str, *agents: str) -> None:
        have = self._members.setdefault(queue, set())
        for name in have - set(agents):
            self.stream.act(Action="QueueRemove", Queue=queue, Interface=f"PJSIP/{name}")
        for name in agents:
            if name not in have:
                member = f"Agent {name[1:3]}"
                self.stream.act(Action="QueueAdd", Queue=queue, Interface=f"PJSIP/{name}", MemberName=member)
        self._members[queue] = set(agents)
        await asyncio.sleep(0.1)

    async def click_to_dial(self, agent: str, to: str, timeout: float = 5.0) -> str:
        return self._originate(f"PJSIP/{agent}", agent, to, timeout)

    async def call_by_local(self, agent: str, to: str) -> str:
        return self._originate(f"Local/{int(agent[1:3]) + 90}@agents-1", agent, to, 10.0)

    def _originate(self, channel: str, agent: str, to: str, timeout: float) -> str:
        call_id = f"d{secrets.token_hex(6)}"
        variables = {
            "__CC_BUSINESS": "1",
            "__CC_DIR": "out",
            "__CC_AGENT": agent[1:3],
            "__CC_TO": f"+{to}",
            "__CC_NUMBER": "1",
            "__CC_FROM": "+74950000001",
            "PJSIP_HEADER(add,X-Auto)": "1",
        }
        self.stream.act(
            Action="Originate",
            Async="true",
            Channel=channel,
            Context="dial-1",
            Exten=f"+{to}",
            Priority="1",
            Timeout=str(int(timeout * 1000)),
            ChannelId=call_id,
            CallerID=f"<+{to}>",
            Variable=[f"{name}={value}" for name, value in variables.items()],
        )
        return call_id

    async def hang_up(self, call_id: str) -> None:
        pattern = rb"Channel: (\S+)\r\n(?:[^\r\n]+\r\n)*?Uniqueid: " + call_id.encode()
        found = re.search(pattern, bytes(self.stream.raw))
        assert found
        self.stream.act(Action="Hangup", Channel=found[1].decode(), Cause="16")

    async def lead(self, exten: str) -> None:
        self.stream.act(Action="Redirect", Channel=self._channel("t1"), Context="redirect-1", Exten=exten, Priority="1")

    async def spy(self, phone: str, on: str, mode: str) -> str:
        spy_id = f"s{1_700_000_000_000 + secrets.randbelow(10**9)}.{secrets.token_hex(4)}"
        found = re.findall(
            rb"Channel: PJSIP/" + on.encode() + rb"-[^\r]+\r\n(?:[^\r\n]+\r\n)*?Uniqueid: (\S+)", self.raw
        )
        self.stream.act(
            Action="Originate",
            Async="true",
            Channel=f"PJSIP/{phone}",
            Context="spy-1",
            Exten=mode,
            Priority="1",
            Timeout="5000",
            ChannelId=spy_id,
            CallerID="<101>",
            Variable=[f"__SPYON={found[-1].decode()}"],
        )
        return spy_id

    async def spy_mode(self, spy_id: str, mode: str) -> None:
        self.stream.act(Action="Redirect", Channel=spy_id, Context="spy-1", Exten=mode, Priority="1")

    @property
    def raw(self) -> bytes:
        """What came in this scenario."""
        return bytes(self.stream.raw)

    def _channel(self, endpoint: str) -> str:
        found = re.findall(rb"Channel: (PJSIP/" + endpoint.encode() + rb"-[0-9a-f]+)\r", self.raw)
        assert found
        return found[0].decode()

    async def quiet(self, timeout: float = 30.0) -> None:
        """Waits until every channel that began has ended and nothing more is said."""
        size, since = -1, 0.0
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            while True:
                raw = bytes(self.stream.raw)
                begun, over = (len(re.findall(rb"Event: %s\r" % name, raw)) for name in (b"Newchannel", b"Hangup"))
                if len(raw) != size or not begun or begun != over:
                    size, since = len(raw), loop.time()
                elif loop.time() - since > 0.6:
                    return
                await asyncio.sleep(0.05)

    def records(self) -> bytes:
        """The CEL lines that Asterisk wrote since the last time."""
        whole = self._journal.read_bytes() if self._journal.exists() else b""
        found, self._read = whole[self._read :], len(whole)
        return found

    def forget(self) -> None:
        """Makes the telephones and the records new for the next scenario."""
        self.stream.take()
        self.records()
        for phone in (*self._phones.values(), self._client, self._carrier):
            phone.calls.clear()
            while not phone.ringing.empty():
                phone.ringing.get_nowait()


def make_model(settings: line.Settings, instance: Instance, ports: dict[str, int]) -> Model:
    """The installation of ``replay.DIRECTORY``: three agents, two queues, three numbers, a menu, a trunk."""

    def phones(agent_id: int) -> tuple[Device, ...]:
        kinds = (("s", "sip"), ("w", "webrtc"))
        return tuple(
            Device(kind=kind, password=PASSWORD, contact=f"sip:{name}@127.0.0.1:{ports[name]}")  # type: ignore[arg-type]
            for letter, kind in kinds
            if (name := f"a{agent_id}{letter}") in ports
        )

    return Model(
        system=apply.system_of(settings, instance),
        businesses=(Business(id=1, name="Demo", language="ru"),),
        trunks=(
            Trunk(
                id=1,
                business_id=1,
                name="Carrier",
                host="127.0.0.1",
                port=settings.demo_carrier_port,
                match="127.0.0.1",
            ),
        ),
        numbers=(
            Number(
                id=1,
                business_id=1,
                e164="+74950000001",
                greeting="test-greeting",
                target=Target(kind="queue", id=1),
            ),
            Number(id=2, business_id=1, e164="+74950000002", target=Target(kind="menu", id=1)),
            Number(id=3, business_id=1, e164="+74950000003", target=Target(kind="agent", id=12)),
        ),
        menus=(
            Menu(
                id=1,
                business_id=1,
                name="Menu",
                prompt="test-menu",
                wait_seconds=1,
                repeats=0,
                timeout=Target(kind="queue", id=2),
                keys=(Key(key="1", target=Target(kind="queue", id=1)),),
            ),
        ),
        queues=(
            Queue(id=1, business_id=1, name="Sales", ring_seconds=4, wrapup_seconds=1),
            Queue(
                id=2, business_id=1, name="Support", strategy="ringall", ring_seconds=4, wrapup_seconds=1, max_wait=6
            ),
        ),
        agents=tuple(
            Agent(
                id=one,
                business_id=1,
                name=f"Agent {one}",
                short_number=str(one + 90),
                ring_seconds=5,
                devices=phones(one),
            )
            for one in (11, 12, 13)
        ),
    )


def make_files(model: Model) -> dict[str, str]:
    """The product's configuration, but for what a recording needs: all events, a mute «browser», short patience."""
    files = render(model)
    manager = re.sub(r"^(eventfilter|;).*\n", "", files["manager.conf"], flags=re.M)
    files["manager.conf"] = re.sub(r"^read = .*$", "read = all", manager, flags=re.M)
    files["pjsip.conf"] = files["pjsip.conf"].replace("[a12w](browser)", "[a12w](desk)")
    files["extensions.conf"] = files["extensions.conf"].replace(",90,${DIALOPT})", ",6,${DIALOPT})")
    return files


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[LineWorld]:
    """A running Asterisk with the scenarios' installation."""
    settings = line.make_settings(folder)
    line.provision.ensure(settings)
    instance = Instance.from_settings(settings)
    instance.prepare()
    ports = {name: free_port() for name in PHONES}
    apply.write(instance, make_files(make_model(settings, instance, ports)))
    for name, seconds in (("test-greeting", 0.4), ("test-menu", 0.4)):
        file = instance.sounds / f"{name}.ulaw"
        file.write_bytes(audio.to_ulaw(audio.tone(660, seconds)))
        instance.give(file)
    runner = Runner(instance)
    opened: list[Telephone] = []

    async def open_phone(user: str, port: int = 0, password: str = "") -> Telephone:
        phone = await Telephone.start(user, settings.sip_port, port=port, password=password)
        opened.append(phone)
        return phone

    try:
        await runner.start()
        phones = {name: await open_phone(name, port, PASSWORD) for name, port in ports.items()}
        stream = await Stream.open(settings.ami_port, "callcenter", instance.ami_password)
        client, carrier = await open_phone(CLIENT), await open_phone("carrier", settings.demo_carrier_port)
        yield LineWorld(stream, phones, client, carrier, instance.journal)
        await stream.close()
    finally:
        for phone in opened:
            await phone.stop()
        await runner.stop()
        line.shutil.rmtree(instance.folder, ignore_errors=True)
