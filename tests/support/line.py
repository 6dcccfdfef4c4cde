"""A real Asterisk for tests, with a small business: free ports, folders of its own, no trace afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callcenter import config
from callcenter.config import Settings
from callcenter.telephony.asterisk import provision
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
from tests.support import audio
from tests.support.telephone import Telephone
from tests.support.wait import until

BUSINESS, TRUNK, SALES, SUPPORT, MENU = 1, 3, 7, 8, 2
SALES_NUMBER, SUPPORT_NUMBER, PERSONAL_NUMBER = "+74950000001", "+74950000002", "+74950000011"
AGENTS = (11, 12, 13)
PASSWORD = "phone-password"
# The tones that stand for prompts, so that a test can hear which one is played.
GREETING_HZ, MENU_HZ = 880, 660


@dataclass
class Line:
    """A running Asterisk, what it was told, and telephones to use it with."""

    settings: Settings
    instance: Instance
    runner: Runner
    model: Model
    phones: list[Telephone] = field(default_factory=list)

    @property
    def sip_port(self) -> int:
        """Where Asterisk takes SIP."""
        return self.settings.sip_port

    async def rx(self, command: str) -> str:
        """Asterisk's own command line."""
        return await self.runner.rx(command)

    async def agent(self, agent_id: int, *, tone: float = 0.0, queues: Sequence[int] = ()) -> Telephone:
        """An agent's plain SIP phone, signed in, and in ``queues``."""
        phone = await Telephone.start(f"a{agent_id}s", self.sip_port, password=PASSWORD, tone=tone)
        self.phones.append(phone)
        await phone.register()
        # Asterisk answers the REGISTER a moment before the device is on line for everyone else.
        await until(lambda: self._on_line(f"a{agent_id}s"), what="the phone is on line")
        for queue in queues:
            await self.rx(f"queue add member PJSIP/a{agent_id}s to q{queue}")
        return phone

    async def client(self, number: str = "79161234567", *, tone: float = 0.0, port: int = 0) -> Telephone:
        """A caller in the outside world, who comes over the trunk."""
        phone = await Telephone.start(number, self.sip_port, tone=tone, port=port)
        self.phones.append(phone)
        return phone

    async def carrier(self, *, tone: float = 0.0) -> Telephone:
        """The outside world that Asterisk calls."""
        return await self.client("carrier", tone=tone, port=self.settings.demo_carrier_port)

    async def ami(self, **fields: str) -> str:
        """One action on a connection of its own: Asterisk's answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.ami_port)
        try:
            login = {"Action": "Login", "Username": "callcenter", "Secret": self.instance.ami_password}
            for action in (login, fields):
                lines = "".join(f"{name}: {value}\r\n" for name, value in {**action, "ActionID": "own"}.items())
                writer.write(f"{lines}\r\n".encode())
                async with asyncio.timeout(10):
                    while b"Response:" not in (answer := await reader.readuntil(b"\r\n\r\n")):
                        pass
            return answer.decode()
        finally:
            writer.close()

    async def tidy(self) -> None:
        """Ends calls and telephones and empties the queues."""
        await self.rx("channel request hangup all")
        for phone in self.phones:
            if phone.password:
                await phone.register(expires=0)
            await phone.stop()
        self.phones.clear()
        for queue in (SALES, SUPPORT):
            for agent in AGENTS:
                for device in "ws":
                    await self.rx(f"queue remove member PJSIP/a{agent}{device} from q{queue}")
        await until(self._is_quiet, what="all calls have ended")

    async def _on_line(self, endpoint: str) -> bool:
        answer = await self.ami(Action="Getvar", Variable=f"DEVICE_STATE(PJSIP/{endpoint})")
        return "Value: NOT_INUSE" in answer

    async def _is_quiet(self) -> bool:
        return "0 active channels" in await self.rx("core show channels count")

    async def recording(self, timeout: float = 10.0) -> str:
        """Waits for the next finished recording and gives its stem."""
        done = await until(
            lambda: sorted(self.instance.recordings.glob("*.done")), timeout=timeout, what="a recording is whole"
        )
        return done[0].stem

    def clear_recordings(self) -> None:
        """Deletes all raw recordings."""
        for file in self.instance.recordings.iterdir():
            file.unlink()


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Free ports of the loopback, all different."""
    probes = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def make_settings(data: Path) -> Settings:
    """Settings for one run: free ports, the root that is there for all tests."""
    ami, http, web = free_ports(3)
    sip, carrier = free_ports(2, socket.SOCK_DGRAM)
    # Below the range from which the system hands out ports by itself; runs beside each other take other thousands.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2
    first = random.randrange(12_000, 30_000, 2000) + 1000 * worker
    shared = config.load()
    return Settings(
        data=data,
        http_port=web,
        sip_port=sip,
        ami_port=ami,
        asterisk_http_port=http,
        rtp_ports=f"{first}-{first + 999}",
        demo_carrier_port=carrier,
        asterisk_root=shared.asterisk_root if inspect_system_is_used(shared) else provision.root_path(shared),
    )


def inspect_system_is_used(shared: Settings) -> bool:
    """Whether tests run on the machine's own Asterisk (then no root is named)."""
    found = provision.find(shared)
    return found is not None and found.kind == "system"


def make_model(settings: Settings, instance: Instance) -> Model:
    """Two numbers and a personal one, a menu, two queues, three agents with both kinds of phone, a trunk."""
    phones = (Device(kind="webrtc", password=PASSWORD), Device(kind="sip", password=PASSWORD))
    owner = BUSINESS
    return Model(
        system=apply.system_of(settings, instance),
        businesses=(Business(id=owner, name="Test", language="ru"),),
        trunks=(
            Trunk(
                id=TRUNK,
                business_id=owner,
                name="Carrier",
                host="127.0.0.1",
                port=settings.demo_carrier_port,
                match="127.0.0.1",
            ),
        ),
        numbers=(
            Number(
                id=5,
                business_id=owner,
                e164=SALES_NUMBER,
                title="Продажи",
                greeting="test-greeting",
                target=Target(kind="queue", id=SALES),
            ),
            Number(
                id=6,
                business_id=owner,
                e164=SUPPORT_NUMBER,
                title="Поддержка",
                target=Target(kind="menu", id=MENU),
            ),
            Number(
                id=9,
                business_id=owner,
                e164=PERSONAL_NUMBER,
                target=Target(kind="agent", id=AGENTS[0]),
                record=False,
            ),
        ),
        menus=(
            Menu(
                id=MENU,
                business_id=owner,
                name="Поддержка; [evil]",
                prompt="test-menu",
                wait_seconds=2,
                repeats=1,
                timeout=Target(kind="queue", id=SUPPORT),
                keys=(
                    Key(key="1", target=Target(kind="queue", id=SALES)),
                    Key(key="2", target=Target(kind="queue", id=SUPPORT)),
                    Key(key="0", target=Target(kind="agent", id=AGENTS[0])),
                    Key(key="9", target=Target(kind="queue", id=404)),
                ),
            ),
        ),
        queues=(
            Queue(id=SALES, business_id=owner, name="Продажи", ring_seconds=8, wrapup_seconds=0),
            Queue(id=SUPPORT, business_id=owner, name="Поддержка", ring_seconds=8, wrapup_seconds=0, max_wait=3),
        ),
        agents=tuple(
            Agent(id=n, business_id=owner, name=f'Агент "{n}"', short_number=f"1{n}", devices=phones) for n in AGENTS
        ),
    )


def prepare(data: Path) -> Line:
    """Settings, folders, rendered configuration and prompts; Asterisk is not started yet."""
    provision.ensure(config.load())
    settings = make_settings(data)
    instance = Instance.from_settings(settings)
    instance.prepare()
    model = make_model(settings, instance)
    apply.write(instance, render(model))
    for name, frequency in (("test-greeting", GREETING_HZ), ("test-menu", MENU_HZ)):
        file = instance.sounds / f"{name}.ulaw"
        file.write_bytes(audio.to_ulaw(audio.tone(frequency, 1.0)))
        instance.give(file)
    return Line(settings, instance, Runner(instance), model)


def remove(line: Line) -> None:
    """Removes the run's folders."""
    shutil.rmtree(line.instance.folder, ignore_errors=True)
