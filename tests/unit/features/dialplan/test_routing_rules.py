"""Own dialplan, differences in words and as text: nothing dangerous gets in, nothing secret gets out."""

from __future__ import annotations

import pytest

from callcenter.features.dialplan.rules import changes, document, own, textdiff, words

PLACES = {"queue-7", "agent-12", "number-5"}


def lines(*steps: str) -> str:
    return "\n".join(["[own-1-phones]", "exten => *91,1,Answer()", *(f" same => n,{step}" for step in steps)])


def faults(text: str) -> list[int]:
    return [one.line for one in own.faults(text, 1, PLACES, {"hello"})]


@pytest.mark.parametrize(
    "step",
    [
        "Playback(prompt:hello)",
        "Background(vm-goodbye)",
        "Read(OWN_PIN,prompt:hello,4)",
        "Wait(1.5)",
        "Goto(queue-7,s,1)",
        "Goto(own-1-phones,*91,1)",
        'GotoIf($["${OWN_PIN}" = "1234"]?queue-7,s,1:bad)',
        "Set(OWN_X=${CALLERID(num)})",
        "SayDigits(${EXTEN:1})",
        "Set(OWN_N=$[${LEN(${EXTEN})} + 1])",
        'GotoIf($["${STRFTIME(${EPOCH},Europe/Moscow,%u)}" = "6"]?queue-7,s,1)',
        "Hangup()",
        "NoOp",
        "Gosub(own-1-phones,*91,1)",
    ],
)
def test_what_is_plain_may_be_written(step: str) -> None:
    assert faults(lines(step)) == []


@pytest.mark.rule("DPL-01")
@pytest.mark.parametrize(
    "step",
    [
        "System(rm -rf /)",
        "TrySystem(x)",
        "TryExec(System(x))",
        "Exec(System(x))",
        "Dial(PJSIP/a99s)",
        "AGI(x)",
        "Originate(PJSIP/x,app,System,x)",
        "MixMonitor(x,,rm)",
        "Set(GLOBAL(X)=1)",
        "Set(SHELL(x)=1)",
        "Set(CC_REC=x)",
        "NoOp(${SHELL(id)})",
        "NoOp(${FILE(/etc/passwd)})",
        "NoOp(${ENV(PATH)})",
        "NoOp(${GLOBAL(X)})",
        "NoOp(${DB(a/b)})",
        "NoOp(${${OWN_X}})",
        "NoOp(${OWN_${OWN_X}})",
        "NoOp(${PARK_2_1})",
        "NoOp(${SHARED(X,y)})",
        "NoOp(${CALLERID(all)})",
        "NoOp($[FILE(/etc/passwd)])",
        "NoOp($[ENV (PATH)])",
        "NoOp($[${OWN_X} = 1])",
        "Goto(agents-2,1,1)",
        "Goto(queue-9,s,1)",
        "Goto(out-1,default,1)",
        "Goto(${OWN_X})",
        "Goto(${OWN_X},s,1)",
        "GotoIf(${OWN_X}?a:b)",
        "Playback(/etc/passwd)",
        "Playback(../x)",
        "Playback(prompt:unknown)",
        "Background(http://x)",
        "Answer(",
        "Playback(hello",
        "NoOp(a;b)",
        "Set(OWN_X=a(b)",
        'Set(OWN_X=" | FILE(/x) | ")',
        "While(1)",
        "ExecIf(1?System(x))",
        "Log(NOTICE,x)",
        "Verbose(x)",
    ],
)
def test_what_reaches_out_may_not(step: str) -> None:
    assert faults(lines(step)) == [3]


@pytest.mark.rule("DPL-01")
@pytest.mark.parametrize(
    "text",
    [
        "exten => 1,1,Answer()",
        "#include /etc/passwd",
        "#exec id",
        "[agents-1]",
        "[own-2-x]",
        "[own-1-x](+)",
        "[general]",
        "[own-1-x]\ninclude => agents-1",
        "[own-1-x]\nswitch => Realtime",
        "[own-1-x]\n same => n,Answer()",
        "[own-1-x]\nexten => 1,2,Answer()",
        "[own-1-x]\nexten => 1,n,Answer()",
        "[own-1-x]\n[own-1-x]",
        ";-- x",
        "[own-1-x]\nexten => ${X},1,Answer()",
        "[own-1-x]\nexten => 1,hint,PJSIP/a12s",
        "[own-1-x]\nignorepat => 9",
        "[own-1-x]\nexten => 1,1,Answer()\r[agents-2]",
        "x" * 30_000,
    ],
)
def test_only_contexts_steps_and_comments_may_stand_there(text: str) -> None:
    assert faults(text)


def test_the_text_comes_into_the_file_line_by_line_and_phones_may_dial_it() -> None:
    text = lines("Playback(prompt:hello)") + "\n; a comment\n"
    assert faults(text) == []
    made = own.compose(text, 1, "/sounds").split("\n")
    first = made.index(own.head(1)) + 1
    assert made[first : first + 3] == [
        "[own-1-phones]", "exten => *91,1,Answer()", " same => n,Playback(/sounds/hello)",
    ]  # fmt: skip
    assert made[-3:] == ["[agents-1](+)", "include => own-1-phones", ""]


def test_a_password_is_in_no_difference() -> None:
    before = {"pjsip.conf": "[t3]\npassword = old-secret\nport = 1\n"}
    after = {"pjsip.conf": "[t3]\npassword = new-secret\nport = 2\n"}
    found = textdiff.difference(before, after)
    text = "\n".join(line.text for line in found)
    assert "secret" not in text
    assert ("plus", "port = 2") in [tuple(line) for line in found]
    trunk = {"id": 3, "name": "T", "password": "old-secret", "host": "h"}
    (change,) = changes.between({"trunks": [trunk]}, {"trunks": [trunk | {"password": "new-secret"}]})
    assert "secret" not in repr(change)
    assert change.fields[0].title == "Password"


def test_changes_are_told_by_name_field_and_value() -> None:
    menu = {"id": 2, "name": "Menu", "timeout_action": "hangup", "timeout_target_id": None, "keys": []}
    key = {"key": "1", "action": "queue", "target_id": 7}
    queue = {"id": 7, "name": "Sales", "max_wait": 0}
    before = {"menus": [menu], "queues": [queue]}
    after = {"menus": [menu | {"keys": [key]}], "queues": [queue | {"max_wait": 60, "name": "Silent"}], "own": "[x]"}
    told = {one.section: one for one in changes.between(before, after)}
    (field,) = told["menus"].fields
    assert words.fill(str, field.title, field.values) == "Key 1"
    assert words.fill(str, field.after.text, field.after.values) == "Queue: Silent"
    (wait,) = told["queues"].fields
    assert words.fill(str, wait.after.text, wait.after.values) == "60 s"
    assert told["own"].kind == "changed"
    gone = changes.between(before, {"menus": [], "queues": [queue]})
    assert [(one.section, one.kind, one.title) for one in gone] == [("menus", "removed", "Menu")]


def test_names_alone_are_no_change_of_the_routing() -> None:
    one = {"queues": [{"id": 7, "name": "A", "answer_target": 20, "max_wait": 0}]}
    other = {"queues": [{"id": 7, "name": "B", "answer_target": 30, "max_wait": 0}]}
    assert document.same(one, other)
    assert changes.between(one, other) == []
    assert not document.same(one, {"queues": [{"id": 7, "name": "A", "answer_target": 20, "max_wait": 5}]})
