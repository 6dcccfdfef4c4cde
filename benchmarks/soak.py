"""Everything is killed at random for ten minutes, and at the end nothing may be stuck.

A running product with robots that call and answer, and pages in Chromium whose phones are on line. Every ten to
twenty-five seconds one of these is cut without warning: a page, the server, Asterisk, the AMI connection. Then the
robots leave, and after half a minute of calm Asterisk, the server, the database and the pages must tell the same.

``CALLCENTER_BENCH_SOAK_SECONDS`` is how long it takes (3600 = an hour), ``CALLCENTER_BENCH_SOAK_SEED`` repeats a run.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from benchmarks.report import Row
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import Runner
from tests.support import stack as stacks
from tests.support.browser import Person, chromium, person
from tests.support.stack import PASSWORD, ROOT, Stack

SECONDS = float(os.environ.get("CALLCENTER_BENCH_SOAK_SECONDS", "600"))
CALM = 30.0
PAUSE = (10.0, 25.0)
# The robots are operators 4 to 8.
PAGES = ("operator1", "operator2", "supervisor")
_KICK = re.compile(r"^callcenter\s.*?(\d+)\s+\d+\s+\d+\s*$", re.M)


def run() -> list[Row]:
    """Kills and looks; ten minutes and a half."""
    seed = int(os.environ.get("CALLCENTER_BENCH_SOAK_SEED") or random.SystemRandom().randrange(10**6))
    print(f"soak: CALLCENTER_BENCH_SOAK_SEED={seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        stack = stacks.start(Path(folder) / "data")
        try:
            with sync_playwright() as playwright, chromium(playwright) as browser:
                soak = Soak(stack, browser, random.Random(seed))
                stuck = soak.run(Path(folder) / "robots.log")
        finally:
            stacks.stop(stack)
    for one in stuck:
        print(f"soak: stuck: {one}", file=sys.stderr)
    killed = ", ".join(f"{name} {count}" for name, count in sorted(soak.killed.items()))
    title = f"stuck after {SECONDS / 60:.3g} min of kills ({killed}; seed {seed})"
    return [Row(title, float(len(stuck)), "things", None, None, "0", not stuck)]


class Soak:
    """One run on one product."""

    def __init__(self, stack: Stack, browser: Any, dice: random.Random) -> None:
        self.stack, self.browser, self.dice = stack, browser, dice
        self.runner = Runner(Instance.from_settings(stack.settings))
        self.killed: Counter[str] = Counter()
        self.token = stack.token("admin@demo.example")
        self.pages: dict[str, Person] = {}

    def run(self, log: Path) -> list[str]:
        """What is stuck at the end, in words."""
        for name in PAGES:
            self.open(name)
        robots = self._robots(log)
        try:
            end = time.monotonic() + SECONDS
            kinds = (self.page, self.server, self.asterisk, self.link)
            while time.monotonic() < end:
                # The pages' own clockwork must run meanwhile, so Playwright waits.
                self._rest(self.dice.uniform(*PAUSE))
                kind = self.dice.choice(kinds)
                print(f"soak: {end - time.monotonic():.0f} s left, cut: {kind.__name__}", file=sys.stderr, flush=True)
                kind()
                self.killed[kind.__name__] += 1
        finally:
            robots.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                robots.wait(20)
            robots.kill()
        self._until_well()
        # The robots' telephones are gone in the middle of their calls, as no real telephone is.
        self.ask("channel request hangup all")
        self._rest(CALM)
        return self.stuck()

    def _rest(self, seconds: float) -> None:
        next(iter(self.pages.values())).page.wait_for_timeout(seconds * 1000)

    def _robots(self, log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "callcenter.demo.robots"],
                env=stacks.environment(self.stack.settings), cwd=ROOT, stdout=out, stderr=out,
            )  # fmt: skip

    def open(self, name: str) -> None:
        """A page of a person, signed in; an operator's phone is on line and he is ready."""
        found = person(self.browser, self.stack.base_url)
        self.pages[name] = found
        found.sign_in(f"{name}@demo.example", PASSWORD)
        if name.startswith("operator"):
            found.go_on_line()

    # --- what is cut --------------------------------------------------------------------------------

    def page(self) -> None:
        """A tab crashes or is closed; its person opens another one."""
        name = self.dice.choice([one for one in self.pages if one.startswith("operator")])
        old = self.pages[name]
        # The page that waits must be another one's.
        if self.dice.random() < 0.5:
            with contextlib.suppress(BrowserError):
                old.page.goto("chrome://crash", timeout=3000)
        with contextlib.suppress(BrowserError):
            old.context.close()
        for _ in range(10):
            try:
                self.open(name)
            except BrowserError:
                # The server may be away at this moment.
                with contextlib.suppress(BrowserError):
                    self.pages[name].context.close()
                time.sleep(2)
            else:
                return
        raise RuntimeError(f"the page of {name} cannot be opened")

    def server(self) -> None:
        """The server's process dies; its runner starts it again."""
        with contextlib.suppress(subprocess.CalledProcessError, ProcessLookupError):
            os.kill(self.stack.server_pid(), signal.SIGKILL)

    def asterisk(self) -> None:
        """Asterisk dies; its runner starts it again."""
        for pid in self.runner.left_behind():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def link(self) -> None:
        """Asterisk throws the server's AMI connection out."""
        for handle in _KICK.findall(self.ask("manager show connected")):
            self.ask(f"manager kick session {handle}")

    def ask(self, command: str) -> str:
        """A command on Asterisk's console; '' while it is away."""
        with contextlib.suppress(Exception):
            return self.stack.outside.do(self.runner.rx(command))
        return ""

    # --- what must be true at the end ---------------------------------------------------------------

    def _until_well(self) -> None:
        def well() -> bool:
            with contextlib.suppress(urllib.error.URLError, OSError):
                return bool(self.stack.api(self.token, "GET", "/healthz")["status"] == "ok")
            return False

        stacks.until(well, timeout=120, what="the server is well")

    def stuck(self) -> list[str]:
        """Everything that is not as it should be."""
        live = self.stack.api(self.token, "GET", "/api/v1/live")
        found = [f"the live picture has call {one} ({call['state']})" for one, call in live["calls"].items()]
        channels = self.ask("core show channels count")
        if not re.search(r"^0 active channels", channels, re.M):
            found.append(f"Asterisk has channels: {self.ask('core show channels concise').strip()}")
        found += self._database()
        found += self._agents(live["agents"])
        found += self._members(live["agents"])
        return found + self._shown(live["agents"])

    def _database(self) -> list[str]:
        file = self.stack.settings.db_url.partition(":///")[2]
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
            running = db.execute("SELECT id FROM calls WHERE result IS NULL").fetchall()
            spans = db.execute(
                "SELECT agent_id, count(*) FROM agent_state_spans WHERE until IS NULL"
                " GROUP BY agent_id HAVING count(*) > 1"
            ).fetchall()
        return [f"the log has call {one} as running" for (one,) in running] + [
            f"agent {agent} has {count} open stretches" for agent, count in spans
        ]

    @staticmethod
    def _agents(agents: dict[str, Any]) -> list[str]:
        found = []
        for agent in agents.values():
            right = agent["wanted"] if agent["online"] else "offline"
            # Wrap-up may still run; a call may not.
            if agent["state"] not in (right, "wrapup") or agent["call_id"]:
                found.append(f"agent {agent['id']} is {agent['state']}, should be {right}: {agent}")
        return found

    def _members(self, agents: dict[str, Any]) -> list[str]:
        said = self.ask("queue show")
        there: dict[str, set[str]] = {}
        queue = ""
        for line in said.splitlines():
            if begins := re.match(r"(q\d+) has", line):
                queue = begins[1]
            elif member := re.search(r"PJSIP/(a\d+[ws])", line):
                there.setdefault(queue, set()).add(member[1])
        wished: dict[str, set[str]] = {}
        for agent in agents.values():
            if agent["wanted"] != "offline" and agent["online"]:
                phone = "w" if "webrtc" in agent["online"] else "s"
                for one in agent["queues"]:
                    wished.setdefault(f"q{one}", set()).add(f"a{agent['id']}{phone}")
        return [
            f"queue {one} has {sorted(there.get(one, ()))}, should have {sorted(wished.get(one, ()))}"
            for one in sorted({*there, *wished})
            if there.get(one, set()) != wished.get(one, set())
        ]

    def _shown(self, agents: dict[str, Any]) -> list[str]:
        """Each page's own copy of the picture beside the server's."""
        found = []
        for name, there in self.pages.items():
            store = there.page.evaluate("() => globalThis.callcenter.store.state")
            if store["calls"] or not store["live"]:
                found.append(f"the page of {name} has calls {sorted(store['calls'])}, live: {store['live']}")
            for one, agent in agents.items():
                shown = store["agents"].get(one, {})
                differs = [key for key in ("state", "wanted", "online", "reason") if shown.get(key) != agent[key]]
                if differs:
                    found.append(f"the page of {name} shows agent {one} as {shown}, the server has {agent}")
        return found
