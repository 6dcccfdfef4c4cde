"""pytest plugin: ties tests to the rules of docs/rules.md and keeps what a full run has proven.

A test names its rules with `@pytest.mark.rule("INB-21")`; a name that is not in the list fails collection.
When CALLCENTER_RULES_RUN names a full run, the outcome of every such test is merged into var/rules.json (or
where CALLCENTER_RULES_FILE points), which scripts/rules.py prints. Without that variable nothing is written,
so that a run of a few tests cannot spoil the picture.
"""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scripts import rules

_MARKER = "rule(*ids): the rules of docs/rules.md that the test proves"
# The name under which an xdist worker hands its collected rules to the controller.
_FROM_WORKER = "callcenter_rules"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the recorder if this is a stage of a full run."""
    config.addinivalue_line("markers", _MARKER)
    try:
        rulebook = rules.load_rulebook()
    except rules.RulesError as error:
        raise pytest.UsageError(str(error)) from error
    marks = RuleMarks(set(rulebook.rules))
    config.pluginmanager.register(marks, "callcenter-rule-marks")
    run_id = os.environ.get(rules.RUN_VARIABLE)
    is_worker = hasattr(config, "workerinput")
    if run_id and not is_worker and not config.getoption("collectonly"):
        command = shlex.join(map(str, config.invocation_params.args))
        recorder = RunRecorder(run_id, rules.results_file(), command, marks.rules_of)
        config.pluginmanager.register(recorder, "callcenter-rule-recorder")


class RuleMarks:
    """Checks the rule markers while tests are collected and remembers them: `rules_of[test] = ids`."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.rules_of: dict[str, list[str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Turn a wrong marker into a collection error, which xdist reports as well as a plain run."""
        report = yield
        items = [item for item in report.result if isinstance(item, pytest.Item)]
        complaints = [line for item in items for line in complaints_about(item, self.known)]
        if complaints:
            report.outcome = "failed"
            report.longrepr = "\n".join(complaints)
            report.result = []
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remember the rules of every collected test."""
        for item in items:
            if ids := rule_ids(item):
                self.rules_of[item.nodeid] = ids

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand the rules to the controller, which collects nothing itself under xdist.

        Sending them at the end rather than with each report also covers a test that killed its worker: the
        controller hears of its failure, and any other worker knows its rules.
        """
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_FROM_WORKER] = self.rules_of


class RunRecorder:
    """Merges the outcomes of one pytest invocation into the results of the full run."""

    def __init__(self, run_id: str, path: Path, command: str, rules_of: dict[str, list[str]]) -> None:
        self.run_id = run_id
        self.path = path
        self.command = command
        self.rules_of = rules_of
        self.outcomes: dict[str, str] = {}
        self.stage = 0

    def pytest_sessionstart(self) -> None:
        """Note that the stage began, so that a stage that is killed leaves a trace."""
        with open_run(self.path, self.run_id) as run:
            self.stage = len(run.stages)
            run.stages.append({"command": self.command, "exit": None})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the strongest outcome of the phases of a test."""
        outcome = outcome_of(report)
        if outcome is not None:
            earlier = self.outcomes.get(report.nodeid, outcome)
            self.outcomes[report.nodeid] = rules.stronger(earlier, outcome)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what an xdist worker has collected."""
        output: Mapping[str, Any] = getattr(node, "workeroutput", {})
        self.rules_of.update(output.get(_FROM_WORKER, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Merge the outcomes of this stage."""
        with open_run(self.path, self.run_id) as run:
            for test, outcome in self.outcomes.items():
                if test in self.rules_of:
                    run.record(test, self.rules_of[test], outcome)
            # Another full run may have taken the file over in the meantime.
            if self.stage < len(run.stages):
                run.stages[self.stage]["exit"] = int(exitstatus)


def rule_ids(item: pytest.Item) -> list[str]:
    """The rules a test names, on itself, its class or its module."""
    return sorted({rule_id for marker in item.iter_markers("rule") for rule_id in marker.args})


def complaints_about(item: pytest.Item, known: set[str]) -> list[str]:
    """What is wrong with the rule markers of a test."""
    lines = []
    for marker in item.iter_markers("rule"):
        if not marker.args or marker.kwargs or not all(isinstance(name, str) for name in marker.args):
            lines.append(f'{item.nodeid}: write the rule marker as @pytest.mark.rule("TEL-01", "TEL-02")')
            continue
        lines += [f"{item.nodeid}: rule {name!r} is not in docs/rules.md" for name in marker.args if name not in known]
    return lines


def outcome_of(report: pytest.TestReport) -> str | None:
    """What one phase of a test says about its rules; None if it says nothing."""
    if report.failed:
        return rules.FAILED
    # An expected failure proves nothing, whether it came or not.
    if report.skipped or hasattr(report, "wasxfail"):
        return rules.SKIPPED
    # A subtest has a `context`: the test around it decides.
    if report.when == "call" and not hasattr(report, "context"):
        return rules.PASSED
    return None


@contextmanager
def open_run(path: Path, run_id: str) -> Iterator[rules.Run]:
    """The stored results of this run, begun anew if the file holds another run; saved on leaving."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            run = rules.load_run(path)
        except rules.RulesError:
            run = None
        if run is None or run.id != run_id:
            run = rules.Run(run_id, datetime.now(UTC).isoformat(timespec="seconds"))
        yield run
        rules.save_run(run, path)
