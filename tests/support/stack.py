"""The whole product for browser tests: `python -m callcenter demo` with a real Asterisk, and telephones outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from callcenter.config import Settings
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import Runner
from tests.support.line import make_settings
from tests.support.telephone import Telephone
from tests.traces.phone import Call

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "demo-Password-7"
OPERATOR = "operator1@demo.example"
SALES = "+74950000001"
READY_SECONDS = 120.0
T = TypeVar("T")


class Outside:
    """Telephones in a thread with an event loop of its own: tests with the synchronous Playwright have none."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._phones: list[Telephone] = []

    def do(self, work: Coroutine[Any, Any, T], timeout: float = 30.0) -> T:
        """Runs a coroutine of a telephone to its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begins a coroutine, whose result is waited for later."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def now(self, work: Any, *arguments: Any) -> None:
        """Calls a plain method of a telephone in its own thread."""

        async def run() -> None:
            work(*arguments)

        self.do(run())

    def phone(self, user: str, sip_port: int, *, port: int = 0, password: str = "", tone: float = 0.0) -> Telephone:
        """A telephone; with ``password`` it is an employee's and signs in."""
        phone = self.do(Telephone.start(user, sip_port, port=port, password=password, tone=tone))
        self._phones.append(phone)
        if password:
            self.do(phone.register())
        return phone

    def hang_up_all(self) -> None:
        """Ends the telephones of one test."""
        for phone in self._phones:
            for call in list(phone.calls.values()):
                if not call.states["ended"].is_set():
                    self.now(call.bye if call.states["answered"].is_set() else call.cancel)
            if phone.password:
                # Else Asterisk rings a phone that is not there any more, for as long as it was signed in.
                with suppress(AssertionError, TimeoutError):
                    self.do(phone.register(expires=0, timeout=2.0))
            self.do(phone.stop())
        self._phones.clear()

    def close(self) -> None:
        """Stops the thread."""
        self.hang_up_all()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


@dataclass
class Stack:
    """A running product. ``base_url`` is its page; the people are those of the demo, with PASSWORD."""

    settings: Settings
    process: subprocess.Popen[str]
    outside: Outside
    lines: list[str] = field(default_factory=list)
    password: str = PASSWORD
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.settings.http_port}"

    def caller(self, number: str = "79161234567", *, tone: float = 0.0) -> Telephone:
        """A telephone in the outside world, which comes in over the carrier's trunk."""
        return self.outside.phone(number, self.settings.sip_port, tone=tone)

    def carrier(self, *, tone: float = 0.0) -> Telephone:
        """The outside world that is called."""
        return self.outside.phone("carrier", self.settings.sip_port, port=self.settings.demo_carrier_port, tone=tone)

    def ring(self, phone: Telephone, to: str, *, name: str = "") -> Call:
        """Calls a number of the demo business."""

        async def call() -> Call:
            return phone.call(to, name=name)

        return self.outside.do(call())

    def token(self, email: str) -> str:
        """A bearer token of somebody, made once."""
        if email not in self.tokens:
            self.tokens[email] = self._new_token(email)
        return self.tokens[email]

    def _new_token(self, email: str) -> str:
        signed_in, cookie = self._asked("POST", "/api/v1/session", {"email": email, "password": self.password}, {})
        own = {"Cookie": cookie, "X-CSRF-Token": signed_in["csrf"]}
        made, _ = self._asked("POST", "/api/v1/tokens", {"name": "tests"}, own)
        self._asked("DELETE", "/api/v1/session", None, own)
        return str(made["secret"])

    def _asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[Any, str]:
        """An answer of the API, and the cookie that came with it."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null"), (answer.headers["Set-Cookie"] or "").partition(";")[0]

    def api(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """A request to the API."""
        return self._asked(method, path, body, {"Authorization": f"Bearer {token}"})[0]

    def server_pid(self) -> int:
        """The process of the server itself, for tests that kill it."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", "callcenter serve"], capture_output=True, text=True, check=True
        )
        return int(found.stdout.split()[0])

    def asterisk_pid(self) -> int | None:
        """Asterisk's process; None while it is away."""
        left = Runner(Instance.from_settings(self.settings)).left_behind()
        return left[0] if left else None


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables."""
    own = {
        "DATA": settings.data,
        "HTTP_PORT": settings.http_port,
        "SIP_PORT": settings.sip_port,
        "AMI_PORT": settings.ami_port,
        "ASTERISK_HTTP_PORT": settings.asterisk_http_port,
        "RTP_PORTS": settings.rtp_ports,
        "DEMO_CARRIER_PORT": settings.demo_carrier_port,
        "DEMO_PASSWORD": PASSWORD,
        "DEMO_ROBOTS": 0,
    }
    if settings.asterisk_root:
        own["ASTERISK_ROOT"] = settings.asterisk_root
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
    return kept | {f"CALLCENTER_{name}": str(value) for name, value in own.items()}


def start(data: Path) -> Stack:
    """Starts the demo without robots and waits until a call can be made."""
    settings = make_settings(data)
    process = subprocess.Popen(
        [sys.executable, "-m", "callcenter", "demo"],
        env=environment(settings), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    stack = Stack(settings, process, Outside())
    ready = threading.Event()
    threading.Thread(target=_read, args=(stack, ready), daemon=True).start()
    if not ready.wait(READY_SECONDS) or process.poll() is not None:
        stop(stack)
        raise RuntimeError("the demo did not start:\n" + "\n".join(stack.lines[-30:]))
    return stack


def _read(stack: Stack, ready: threading.Event) -> None:
    assert stack.process.stdout is not None
    for line in stack.process.stdout:
        stack.lines.append(line.rstrip())
        if line.startswith("ready: "):
            ready.set()
    ready.set()


def stop(stack: Stack) -> None:
    """Ends everything that was started; the demo ends its own children."""
    stack.outside.close()
    if stack.process.poll() is None:
        stack.process.send_signal(signal.SIGTERM)
        try:
            stack.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(stack.process.pid, signal.SIGKILL)
            stack.process.wait(5)


def until(look: Any, *, timeout: float = 10.0, what: str = "") -> Any:
    """Waits in a synchronous test until ``look()`` is true."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"after {timeout:g} s: not {what or 'as awaited'}")
