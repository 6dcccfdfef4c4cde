"""Which rules of docs/rules.md the last full test run has proven.

Usage: python scripts/rules.py [--group TEL] [--format text|json]

`make rules` calls it and passes GROUP and FORMAT by the environment. The results are written by
tests/rules_plugin.py while `make test` runs. Only the standard library is used, so that the list can be
printed on a machine that has no test tools.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RULES_DOCUMENT = ROOT / "docs" / "rules.md"
RESULTS_VARIABLE = "CALLCENTER_RULES_FILE"
RUN_VARIABLE = "CALLCENTER_RULES_RUN"

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
# The stronger outcome wins when one test is seen several times: a failure is never forgiven.
_STRENGTH = {SKIPPED: 0, PASSED: 1, FAILED: 2}
# pytest's exit codes of a run that came to its end: all passed, some failed.
_FINISHED = (0, 1)

_HEADING = re.compile(r"## (?P<group>[A-Z]{3}): (?P<title>\S.*)")
_RULE = re.compile(r"- (?P<id>(?P<group>[A-Z]{3})-\d{2}): (?P<text>\S.*)")


class RulesError(Exception):
    """The list of rules or the stored results cannot be read as they are."""


@dataclass(frozen=True)
class Rule:
    """One rule of the product."""

    id: str
    group: str
    text: str


@dataclass(frozen=True)
class Rulebook:
    """All rules in the order of the document; `groups` maps a prefix to its title."""

    groups: Mapping[str, str]
    rules: Mapping[str, Rule]


@dataclass
class Run:
    """What the stages of one full test run have found out so far.

    `tests` maps a test to its rules and outcome, `stages` has one entry for each pytest invocation; its
    `exit` is missing while the invocation runs, and stays missing if it was killed.
    """

    id: str
    started: str
    stages: list[dict[str, Any]] = field(default_factory=list)
    tests: dict[str, dict[str, Any]] = field(default_factory=dict)

    def record(self, test: str, rules: Iterable[str], outcome: str) -> None:
        """Add what one stage saw of a test to what the earlier stages saw of it."""
        known = self.tests.setdefault(test, {"rules": [], "outcome": outcome})
        known["rules"] = sorted({*known["rules"], *rules})
        known["outcome"] = stronger(known["outcome"], outcome)


@dataclass
class Verdict:
    """The tests that carry one rule, by outcome."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """At least one test of the rule passed and none failed."""
        return bool(self.passed) and not self.failed

    @property
    def reason(self) -> str:
        """Why the rule is not proven, in a few words."""
        if self.failed:
            return "failed: " + ", ".join(self.failed)
        if self.skipped:
            return "only skipped: " + ", ".join(self.skipped)
        return "no test"


def parse_rules(text: str) -> Rulebook:
    """Read the list of rules; a line that is neither prose, a heading nor a rule is refused."""
    groups: dict[str, str] = {}
    rules: dict[str, Rule] = {}
    group = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("## "):
            heading = _HEADING.fullmatch(line)
            if heading is None:
                raise RulesError(f"line {number}: a heading reads '## TEL: Title', not '{line}'")
            group = heading["group"]
            if group in groups:
                raise RulesError(f"line {number}: group {group} has two headings")
            groups[group] = heading["title"]
        elif line.lstrip().startswith(("- ", "* ")):
            match = _RULE.fullmatch(line)
            if match is None:
                raise RulesError(f"line {number}: a rule reads '- TEL-01: sentence.', not '{line}'")
            rule = Rule(match["id"], match["group"], match["text"])
            if rule.group != group:
                raise RulesError(f"line {number}: {rule.id} stands under the heading '{group or 'none'}'")
            if rule.id in rules:
                raise RulesError(f"line {number}: {rule.id} is listed twice")
            rules[rule.id] = rule
    return Rulebook(groups, rules)


def load_rulebook(document: Path = RULES_DOCUMENT) -> Rulebook:
    """Read the project's own list of rules."""
    try:
        return parse_rules(document.read_text(encoding="utf-8"))
    except (OSError, RulesError) as error:
        raise RulesError(f"{document.name}: {error}") from error


def stronger(one: str, other: str) -> str:
    """The outcome that counts when a test has both."""
    return max(one, other, key=_STRENGTH.__getitem__)


def results_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the results are kept; the variable may name a folder or a .json file."""
    chosen = environment.get(RESULTS_VARIABLE)
    if not chosen:
        return ROOT / "var" / "rules.json"
    path = Path(chosen)
    return path if path.suffix == ".json" else path / "rules.json"


def load_run(path: Path) -> Run | None:
    """The last full run, or None if there has been none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        stored = json.loads(text)
        return Run(stored["run"], stored["started"], stored["stages"], stored["tests"])
    except (ValueError, KeyError, TypeError) as error:
        raise RulesError(f"{path.name} is damaged ({error!r}); the next full run writes it anew") from error


def save_run(run: Run, path: Path) -> None:
    """Write the results whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {"run": run.id, "started": run.started, "stages": run.stages, "tests": run.tests}
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(stored, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(path)


def judge(rulebook: Rulebook, run: Run | None) -> dict[str, Verdict]:
    """The verdict on every rule, in the order of the document."""
    verdicts = {rule_id: Verdict() for rule_id in rulebook.rules}
    for test, seen in sorted(run.tests.items()) if run else ():
        for rule_id in seen["rules"]:
            # A rule may have left the list since the run.
            if rule_id in verdicts:
                getattr(verdicts[rule_id], seen["outcome"]).append(test)
    return verdicts


def unfinished_stages(run: Run) -> list[str]:
    """A line for every stage whose results are not complete."""
    lines = []
    for number, stage in enumerate(run.stages, start=1):
        if stage.get("exit") not in _FINISHED:
            state = "still runs or was killed" if stage.get("exit") is None else f"exit code {stage['exit']}"
            lines.append(f"stage {number} (pytest {stage['command']}) did not finish: {state}")
    return lines


def as_json(rulebook: Rulebook, verdicts: Mapping[str, Verdict], groups: Sequence[str]) -> str:
    """The verdicts for programs; `tests` are those that ran, so a skipped test is not among them."""
    listed = {
        rule.id: {
            "proven": verdicts[rule.id].proven,
            "tests": sorted([*verdicts[rule.id].passed, *verdicts[rule.id].failed]),
        }
        for rule in rulebook.rules.values()
        if rule.group in groups
    }
    return json.dumps(listed, ensure_ascii=False, indent=1)


def as_text(rulebook: Rulebook, verdicts: Mapping[str, Verdict], groups: Sequence[str], run: Run | None) -> str:
    """The verdicts for people: every group with its rules, totals at the end."""
    lines: list[str] = []
    totals: list[str] = []
    proven_in_all = count_in_all = 0
    for group in groups:
        rules = [rule for rule in rulebook.rules.values() if rule.group == group]
        proven = sum(verdicts[rule.id].proven for rule in rules)
        lines += [f"{group} {rulebook.groups[group]}: {proven} of {len(rules)} proven"]
        for rule in rules:
            verdict = verdicts[rule.id]
            mark, tail = ("proven  ", "") if verdict.proven else ("UNPROVEN", f" [{verdict.reason}]")
            lines.append(f"  {mark} {rule.id} {rule.text}{tail}")
        lines.append("")
        totals.append(f"  {group} {proven:>4} of {len(rules):>4}")
        proven_in_all += proven
        count_in_all += len(rules)
    lines += ["Proven by group:", *totals, "", f"{proven_in_all} of {count_in_all} rules proven."]
    return "\n".join([*lines, *run_notes(run)])


def run_notes(run: Run | None) -> list[str]:
    """What a reader must know about the run behind the verdicts."""
    if run is None:
        return ["No full test run is recorded yet, so nothing counts as proven. Run `make test` first."]
    notes = [f"Last full run: {run.id}, started {run.started}, {len(run.tests)} tests that name rules."]
    return notes + [f"Warning: {line}" for line in unfinished_stages(run)]


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Print the list; the exit code tells only whether it could be made."""
    parser = argparse.ArgumentParser(description="Which rules the last full test run has proven.")
    parser.add_argument("--group", default=environment.get("GROUP", ""), help="only this group, such as TEL")
    parser.add_argument("--format", default=environment.get("FORMAT", "") or "text", help="text or json")
    chosen = parser.parse_args(arguments)
    if chosen.format not in ("text", "json"):
        parser.error(f"the format is text or json, not '{chosen.format}'")
    try:
        rulebook = load_rulebook()
        run = load_run(results_file(environment))
    except RulesError as error:
        print(f"rules: {error}", file=sys.stderr)
        return 1
    wanted = chosen.group.upper()
    if wanted and wanted not in rulebook.groups:
        parser.error(f"there is no group '{chosen.group}'; groups: {', '.join(rulebook.groups)}")
    groups = [wanted] if wanted else list(rulebook.groups)
    verdicts = judge(rulebook, run)
    if chosen.format == "json":
        print(as_json(rulebook, verdicts, groups))
        # Standard output is for the program that reads it; a person still has to know.
        if run is None or unfinished_stages(run):
            print(*run_notes(run), sep="\n", file=sys.stderr)
    else:
        print(as_text(rulebook, verdicts, groups, run))
    return 0


if __name__ == "__main__":
    sys.exit(main())
