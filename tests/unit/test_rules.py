"""The list of rules, the plugin that records what a full run proves, and the report on it.

The plugin is tried in a pytest process of its own, on small test files, so that these tests never touch the
results of the run that they are part of.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scripts import rules

GROUPS = "TEL INB OUT REC CON IMP DEA TSK CHT EML SMS INV EVT ADV REP USR SET API HLP AGD SUP INQ OBD DPL PLT SCL"

SMALL_LIST = """# Rules

Some words about the list.

## TEL: Telephony and calls

- TEL-01: Calls are listed.
- TEL-02: Calls are heard.

## INB: Inbound

- INB-01: Callers are greeted.
"""


# --- the list ---------------------------------------------------------------------------------------


def test_the_list_holds_every_rule_once() -> None:
    rulebook = rules.load_rulebook()
    assert list(rulebook.groups) == GROUPS.split()
    assert len(rulebook.rules) == 439 + 80
    for group in rulebook.groups:
        numbers = [int(rule.id[4:]) for rule in rulebook.rules.values() if rule.group == group]
        assert numbers == list(range(1, len(numbers) + 1)), f"{group} has a gap or is out of order"


def test_every_rule_is_one_sentence_without_addresses() -> None:
    for rule in rules.load_rulebook().rules.values():
        assert rule.text.endswith("."), rule.id
        assert len(rule.text) < 250, f"{rule.id} is too long to be one short sentence"
        assert not re.search(r"[.!?] [A-Z]", rule.text), f"{rule.id} is more than one sentence"
        assert not re.search(r"https?:|www\.|\[[A-Z]\d?~?\]", rule.text), rule.id


def test_no_two_rules_say_the_same() -> None:
    texts = Counter(rule.text for rule in rules.load_rulebook().rules.values())
    assert [text for text, count in texts.items() if count > 1] == []


def test_the_parser_reads_groups_and_rules_in_order() -> None:
    rulebook = rules.parse_rules(SMALL_LIST)
    assert dict(rulebook.groups) == {"TEL": "Telephony and calls", "INB": "Inbound"}
    assert list(rulebook.rules) == ["TEL-01", "TEL-02", "INB-01"]
    assert rulebook.rules["TEL-02"] == rules.Rule("TEL-02", "TEL", "Calls are heard.")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("- INB-01: Callers are greeted twice.", "INB-01 is listed twice"),
        ("- TEL-03: A rule of another group.", "TEL-03 stands under the heading 'INB'"),
        ("- INB-2: One digit.", "a rule reads"),
        ("- INB-02 No colon.", "a rule reads"),
        ("* INB-02: Wrong mark.", "a rule reads"),
        ("## Inbound", "a heading reads"),
        ("## TEL: Again", "group TEL has two headings"),
    ],
)
def test_the_parser_refuses_a_wrong_line(line: str, complaint: str) -> None:
    with pytest.raises(rules.RulesError, match=re.escape(complaint)):
        rules.parse_rules(SMALL_LIST + line + "\n")


# --- verdicts ---------------------------------------------------------------------------------------


def verdicts_after(*seen: tuple[str, list[str], str]) -> dict[str, rules.Verdict]:
    run = rules.Run("run", "now")
    for test, ids, outcome in seen:
        run.record(test, ids, outcome)
    return rules.judge(rules.parse_rules(SMALL_LIST), run)


def test_a_passed_test_proves_its_rules_and_no_others() -> None:
    verdicts = verdicts_after(("a", ["TEL-01", "INB-01"], "passed"))
    assert [rule_id for rule_id, verdict in verdicts.items() if verdict.proven] == ["TEL-01", "INB-01"]


def test_one_failure_beats_any_number_of_passes() -> None:
    verdict = verdicts_after(("a", ["TEL-01"], "passed"), ("b", ["TEL-01"], "failed"))["TEL-01"]
    assert not verdict.proven
    assert verdict.reason == "failed: b"


@pytest.mark.parametrize("order", [("passed", "failed"), ("failed", "passed"), ("failed", "skipped")])
def test_a_failure_in_one_stage_is_not_forgiven_by_another(order: tuple[str, str]) -> None:
    assert not verdicts_after(*(("a", ["TEL-01"], outcome) for outcome in order))["TEL-01"].proven


@pytest.mark.parametrize("order", [("passed", "skipped"), ("skipped", "passed")])
def test_a_test_skipped_in_one_stage_may_prove_in_another(order: tuple[str, str]) -> None:
    assert verdicts_after(*(("a", ["TEL-01"], outcome) for outcome in order))["TEL-01"].proven


def test_a_skipped_test_alone_proves_nothing() -> None:
    verdict = verdicts_after(("a", ["TEL-01"], "skipped"))["TEL-01"]
    assert not verdict.proven
    assert verdict.reason == "only skipped: a"


def test_a_rule_that_left_the_list_is_passed_over() -> None:
    assert "TEL-99" not in verdicts_after(("a", ["TEL-99", "TEL-01"], "passed"))


# --- the stored results -----------------------------------------------------------------------------


def test_results_survive_the_way_through_the_file(tmp_path: Path) -> None:
    run = rules.Run("run", "now", [{"command": "tests", "exit": 0}])
    run.record("tests/a.py::test_a[ё]", ["TEL-01"], "passed")
    rules.save_run(run, tmp_path / "new" / "rules.json")
    assert rules.load_run(tmp_path / "new" / "rules.json") == run


def test_a_damaged_file_is_told_apart_from_no_run(tmp_path: Path) -> None:
    assert rules.load_run(tmp_path / "rules.json") is None
    (tmp_path / "rules.json").write_text('{"run": ')
    with pytest.raises(rules.RulesError, match="damaged"):
        rules.load_run(tmp_path / "rules.json")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, rules.ROOT / "var" / "rules.json"),
        ({"CALLCENTER_RULES_FILE": "kept"}, Path("kept/rules.json")),
        ({"CALLCENTER_RULES_FILE": "kept/mine.json"}, Path("kept/mine.json")),
    ],
)
def test_the_variable_names_a_folder_or_a_file(chosen: dict[str, str], expected: Path) -> None:
    assert rules.results_file(chosen) == expected


# --- the report -------------------------------------------------------------------------------------


def test_without_a_full_run_the_report_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.main([], {"CALLCENTER_RULES_FILE": str(tmp_path)}) == 0
    output = capsys.readouterr().out
    assert "No full test run is recorded yet" in output
    assert "0 of 519 rules proven." in output


def test_the_json_report_lists_every_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = rules.Run("run", "now", [{"command": "tests", "exit": 0}])
    run.record("tests/b.py::test_b", ["INB-21"], "passed")
    run.record("tests/a.py::test_a", ["INB-21"], "passed")
    run.record("tests/a.py::test_skipped", ["INB-21"], "skipped")
    run.record("tests/a.py::test_failed", ["INB-22"], "failed")
    rules.save_run(run, tmp_path / "rules.json")
    assert rules.main([], {"CALLCENTER_RULES_FILE": str(tmp_path), "FORMAT": "json"}) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 519
    assert listed["INB-21"] == {"proven": True, "tests": ["tests/a.py::test_a", "tests/b.py::test_b"]}
    assert listed["INB-22"] == {"proven": False, "tests": ["tests/a.py::test_failed"]}
    assert listed["INB-23"] == {"proven": False, "tests": []}


def test_the_report_can_be_narrowed_to_a_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"CALLCENTER_RULES_FILE": str(tmp_path), "GROUP": "evt"}
    assert rules.main([], environment) == 0
    output = capsys.readouterr().out
    assert "UNPROVEN EVT-05" in output
    assert "TEL-01" not in output
    assert "0 of 5 rules proven." in output
    with pytest.raises(SystemExit):
        rules.main(["--group", "XYZ"], environment)
    assert "there is no group 'XYZ'" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "said"), [(None, "still runs or was killed"), (2, "exit code 2")])
def test_a_stage_that_did_not_finish_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int | None, said: str
) -> None:
    stages: list[dict[str, Any]] = [
        {"command": "-m fast", "exit": 1},
        {"command": "-m browser", "exit": code},
    ]
    rules.save_run(rules.Run("run", "now", stages), tmp_path / "rules.json")
    rules.main([], {"CALLCENTER_RULES_FILE": str(tmp_path)})
    output = capsys.readouterr().out
    assert f"Warning: stage 2 (pytest -m browser) did not finish: {said}" in output
    assert "stage 1" not in output


# --- the plugin -------------------------------------------------------------------------------------


class Project:
    """A small project whose tests use the plugin, each run in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -p tests.rules_plugin --strict-markers\n")

    def write(self, body: str) -> None:
        (self.folder / "test_it.py").write_text(f"import os, pytest\nrule = pytest.mark.rule\n{body}")

    def run(self, *arguments: str, run_id: str | None) -> tuple[int, str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CALLCENTER_RULES_"))
        }
        environment |= {
            "PYTHONPATH": str(rules.ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "CALLCENTER_RULES_FILE": str(self.folder / "var"),
        }
        if run_id is not None:
            environment["CALLCENTER_RULES_RUN"] = run_id
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def results(self) -> rules.Run | None:
        return rules.load_run(self.folder / "var" / "rules.json")

    def proven(self) -> set[str]:
        verdicts = rules.judge(rules.load_rulebook(), self.results())
        return {rule_id for rule_id, verdict in verdicts.items() if verdict.proven}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


EVERY_OUTCOME = """
@pytest.fixture
def breaks_at_the_end():
    yield
    raise OSError

@rule("TEL-01", "TEL-02")
def test_passes(): pass

@rule("TEL-02")
def test_fails(): assert False

@rule("TEL-03")
@pytest.mark.parametrize("n", [1, 2])
def test_fails_once(n): assert n == 1

@rule("TEL-04")
def test_fails_in_teardown(breaks_at_the_end): pass

@rule("TEL-05")
def test_skips(): pytest.skip()

@rule("TEL-06")
@pytest.mark.xfail
def test_fails_as_expected(): assert False

@rule("TEL-07")
@pytest.mark.xfail
def test_passes_unexpectedly(): pass

@rule("TEL-08")
class TestMany:
    @rule("TEL-09")
    def test_passes(self): pass

@rule("TEL-10")
@pytest.mark.parametrize(
    "n", [pytest.param(1, marks=rule("TEL-11")), pytest.param(2, marks=pytest.mark.skip)]
)
def test_passes_once(n): pass

@rule("TEL-12")
def test_subtests_then_expected_failure(subtests):
    with subtests.test("part"): pass
    pytest.xfail()

@rule("TEL-13")
def test_subtest_fails_before_an_expected_failure(subtests):
    with subtests.test("part"): assert False
    pytest.xfail()

@rule("TEL-13")
def test_passes_beside_it(): pass
"""

PROVEN_OF_EVERY_OUTCOME = {"TEL-01", "TEL-08", "TEL-09", "TEL-10", "TEL-11"}


@pytest.mark.parametrize("spread", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "xdist"])
def test_only_passed_tests_without_a_failure_prove(project: Project, spread: list[str]) -> None:
    project.write(EVERY_OUTCOME)
    code, output = project.run(*spread, run_id="first")
    assert code == 1, output
    assert project.proven() == PROVEN_OF_EVERY_OUTCOME
    results = project.results()
    assert results is not None
    assert [stage["exit"] for stage in results.stages] == [1]
    assert results.tests["test_it.py::test_passes"] == {"rules": ["TEL-01", "TEL-02"], "outcome": "passed"}


def test_a_test_that_kills_its_worker_counts_as_failed(project: Project) -> None:
    project.write('@rule("TEL-01")\ndef test_dies(): os._exit(3)\n@rule("TEL-01", "TEL-02")\ndef test_passes(): pass\n')
    code, output = project.run("-p", "xdist", "-n", "2", run_id="first")
    assert code == 1, output
    assert project.proven() == {"TEL-02"}


def test_stages_of_one_run_are_merged_and_a_new_run_starts_anew(project: Project) -> None:
    project.write('@rule("TEL-01")\ndef test_one(): pass\n@rule("TEL-02")\ndef test_two(): pass\n')
    assert project.run("-k", "one", run_id="first")[0] == 0
    assert project.proven() == {"TEL-01"}
    assert project.run("-k", "two", run_id="first")[0] == 0
    assert project.proven() == {"TEL-01", "TEL-02"}
    project.write('@rule("TEL-01")\ndef test_one(): assert False\n')
    assert project.run(run_id=None)[0] == 1
    assert project.proven() == {"TEL-01", "TEL-02"}, "a run outside a full run was recorded"
    assert project.run(run_id="first")[0] == 1
    assert project.proven() == {"TEL-02"}, "a failure in a later stage was lost"
    project.write('@rule("TEL-03")\ndef test_three(): pass\n')
    assert project.run(run_id="second")[0] == 0
    assert project.proven() == {"TEL-03"}


def test_a_stage_that_is_killed_leaves_a_trace(project: Project) -> None:
    project.write('@rule("TEL-01")\ndef test_dies(): os._exit(9)\n')
    assert project.run(run_id="first")[0] == 9
    results = project.results()
    assert results is not None
    assert len(rules.unfinished_stages(results)) == 1


@pytest.mark.parametrize("spread", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "xdist"])
def test_an_unknown_rule_fails_the_collection(project: Project, spread: list[str]) -> None:
    project.write('@rule("TEL-01", "TEL-99")\ndef test_one(): pass\n')
    # It is found even if this run would leave the test out.
    code, output = project.run("-k", "other", *spread, run_id=None)
    assert code not in (0, 5), output
    assert "test_it.py::test_one: rule 'TEL-99' is not in docs/rules.md" in output


@pytest.mark.parametrize("marker", ["rule()", "rule(1)", 'rule(id="TEL-01")'])
def test_a_marker_without_a_rule_is_refused(project: Project, marker: str) -> None:
    project.write(f"@{marker}\ndef test_one(): pass\n")
    code, output = project.run(run_id=None)
    assert code == 2, output
    assert "write the rule marker as" in output
