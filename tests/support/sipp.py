"""SIPp for tests: many calls at once. Every process is bounded in calls, rate and time."""

from __future__ import annotations

import asyncio
import csv
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import audio
from tests.support.telephone import free_port

_HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="test">\n'
_SDP = (
    "v=0\r\no=sipp 1 1 IN IP4 [local_ip]\r\ns=-\r\nc=IN IP4 [media_ip]\r\nt=0 0\r\n"
    "m=audio [{port}] RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


@dataclass
class Result:
    """How a SIPp process ended: its exit code (0 = every call went as planned), its statistics and its last words."""

    code: int
    stats: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def count(self, name: str) -> int:
        """A cumulative figure of SIPp's statistics, such as SuccessfulCall or FailedCall."""
        return int(float(self.stats.get(f"{name}(C)", "0") or 0))


class Sipp:
    """A running SIPp process."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self.process = process
        self.folder = folder
        self.port = port

    @classmethod
    async def start(cls, folder: Path, scenario: str, *arguments: str, port: int = 0, seconds: int = 60) -> Sipp:
        """Starts SIPp with a scenario's text; it ends by itself after ``seconds`` at the latest."""
        program = shutil.which("sipp")
        assert program, "sipp is missing: run `make setup`"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "scenario.xml"
        file.write_text(scenario, "utf-8")
        port = port or free_port()
        media = free_port() & ~1
        process = await asyncio.create_subprocess_exec(
            program, "-sf", str(file), "-i", "127.0.0.1", "-p", str(port), "-mp", str(media), "-nostdin",
            "-timeout", f"{seconds}s", "-timeout_error", "-trace_err", "-trace_stat", "-fd", "1",
            "-stf", str(folder / "stats.csv"), "-error_file", str(folder / "errors.log"), *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            cwd=folder,
        )  # fmt: skip
        return cls(process, folder, port)

    async def result(self, timeout: float = 90.0) -> Result:
        """Waits for the end."""
        try:
            async with asyncio.timeout(timeout):
                _, said = await self.process.communicate()
        except TimeoutError:
            await self.stop()
            raise
        errors = self.folder / "errors.log"
        text = said.decode("utf-8", "replace") + (errors.read_text("utf-8", "replace") if errors.is_file() else "")
        return Result(self.process.returncode or 0, self._stats(), text[-2000:])

    async def stop(self) -> None:
        """Ends the process."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(3):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()

    def _stats(self) -> dict[str, str]:
        file = self.folder / "stats.csv"
        if not file.is_file():
            return {}
        rows = list(csv.DictReader(file.open(), delimiter=";"))
        return dict(rows[-1]) if rows else {}


def caller(*, sound: Path | None = None, seconds: float = 5.0, hangs_up: bool = True) -> str:
    """Calls the number given by ``-s``, from ``-key caller NUMBER``. Talks ``seconds``, then hangs up or waits."""
    play = f'<nop><action><exec rtp_stream="{sound},-1,0"/></action></nop>' if sound else ""
    port = "rtpstream_audio_port" if sound else "media_port"
    end = _BYE if hangs_up else '<recv request="BYE"/><send><![CDATA[SIP/2.0 200 OK\r\n' + _ECHO_BACK + "]]></send>"
    return f"""{_HEAD}
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:[caller]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:[caller]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

{_SDP.replace("{port}", port)}]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rtd="true" timeout="60000"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:[caller]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
{play}
<pause milliseconds="{int(seconds * 1000)}"/>
{end}
</scenario>
"""


_BYE = """<send retrans="500"><![CDATA[
BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:[caller]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>"""
_ECHO_BACK = "[last_Via:]\r\n[last_From:]\r\n[last_To:]\r\n[last_Call-ID:]\r\n[last_CSeq:]\r\nContent-Length: 0\r\n\r\n"


def answerer(*, ring_seconds: float = 0.2) -> str:
    """Rings, answers, waits for the other side to hang up. Start it with ``-rtp_echo`` for sound."""
    return f"""{_HEAD}
<recv request="INVITE"/>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<pause milliseconds="{int(ring_seconds * 1000)}"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{_SDP.replace("{port}", "media_port")}]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


def sound_file(folder: Path, frequency: float, seconds: float = 2.0) -> Path:
    """A µ-law file of a tone for ``caller(sound=…)``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"tone-{frequency:.0f}.ulaw"
    file.write_bytes(audio.to_ulaw(audio.tone(frequency, seconds)))
    return file
