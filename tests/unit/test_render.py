"""Rendering of Asterisk's configuration: what is written, and that no value can write more than itself."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.telephony.config.model import (
    Agent,
    Business,
    Device,
    Key,
    Menu,
    Model,
    ModelError,
    Number,
    Queue,
    System,
    Target,
    Trunk,
)
from callcenter.telephony.config.render import render, ways_out
from callcenter.telephony.config.values import dialled_forms
from callcenter.telephony.config.ways import WayOut, agent_way

SYSTEM = System(
    name="cctest",
    folder="/cc/test",
    run_dir="/cc/test/run",
    modules_dir="/usr/lib/asterisk/modules",
    data_dir="/usr/share/asterisk",
    ami_password="secret",
    version=(22, 10, 1),
)


def model(name: str = "Name", **changes: object) -> Model:
    """A business of everything; ``name`` stands wherever people type a name."""
    plain = Model(
        system=SYSTEM,
        businesses=(Business(id=1, name=name),),
        trunks=(Trunk(id=3, business_id=1, name=name, host="sip.example", match="192.0.2.1, 192.0.2.0/24"),),
        numbers=(
            Number(id=5, business_id=1, e164="+74950000001", title=name, target=Target(kind="queue", id=7)),
            Number(id=6, business_id=1, e164="+4930123456", target=Target(kind="menu", id=2), record=False),
        ),
        menus=(Menu(id=2, business_id=1, name=name, keys=(Key(key="*", target=Target(kind="queue", id=7)),)),),
        queues=(Queue(id=7, business_id=1, name=name),),
        agents=(
            Agent(
                id=12,
                business_id=1,
                name=name,
                short_number="112",
                devices=(Device(kind="webrtc", password="w"), Device(kind="sip", password="s")),
            ),
        ),
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def settings_of(text: str) -> list[str]:
    """The lines that Asterisk acts upon, without the one in which a person's name belongs."""
    lines = [line.split(";", 1)[0].rstrip() for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("callerid = ")]


@given(
    name=st.text(max_size=60) | st.sampled_from(["\n[evil]\n", ";--", "--;", "a\r\nb", '"<>;\\', "\x85x", "a,b|c&d"])
)
def test_no_name_can_write_a_setting(name: str) -> None:
    plain, hostile = render(model()), render(model(name))
    for file in plain:
        assert settings_of(hostile[file]) == settings_of(plain[file]), file


@given(name=st.text(max_size=80))
def test_a_name_stays_inside_its_caller_id(name: str) -> None:
    lines = [line for line in render(model(name))["pjsip.conf"].split("\n") if line.startswith("callerid")]
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(r'callerid = "[^"\\<>;\x00-\x1f]*" <112>', line)


@pytest.mark.parametrize(
    "changes",
    [
        {"trunks": (Trunk(id=3, business_id=1, name="T", host="h\nallow=all"),)},
        {"trunks": (Trunk(id=3, business_id=1, name="T", host="h", username="u;x", password="p"),)},
        {"trunks": (Trunk(id=3, business_id=1, name="T", host="h", match="1.2.3.4\nmatch=0.0.0.0/0"),)},
        {"trunks": (Trunk(id=3, business_id=1, name="T", host="h", username="u", password="p\nq"),)},
        {"trunks": (Trunk(id=3, business_id=2, name="T", host="h"),)},
        {"agents": (Agent(id=1, business_id=1, name="A", short_number="_X."),)},
        {"agents": tuple(Agent(id=n, business_id=1, name="A", short_number="11") for n in (1, 2))},
        {"queues": (Queue(id=7, business_id=1, name="Q", strategy="leastrecent\nx=y"),)},
        {"queues": (Queue(id=7, business_id=1, name="Q", ring_seconds=-1),)},
        {"numbers": (Number(id=5, business_id=1, e164="_X.", target=Target(kind="queue", id=7)),)},
        {"numbers": (Number(id=5, business_id=1, e164="+74950000001", greeting="../x", target=Target(kind="hangup")),)},
        {"menus": (Menu(id=2, business_id=1, name="M", prompt="a,b"),)},
        {"menus": (Menu(id=2, business_id=1, name="M", keys=(Key(key="12", target=Target(kind="hangup")),)),)},
        {"businesses": (Business(id=1, language="ru,x"),)},
        {"system": dataclasses.replace(SYSTEM, folder="/cc/../etc\n")},
    ],
)
def test_what_cannot_be_written_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        render(model(**changes))


def test_a_password_is_not_shown_by_the_error_that_refuses_it() -> None:
    phone = Device(kind="sip", password="my secret\n")
    with pytest.raises(ModelError) as caught:
        render(model(agents=(Agent(id=1, business_id=1, name="A", short_number="11", devices=(phone,)),)))
    assert "my secret" not in str(caught.value)
    assert "my secret" not in repr(phone)


def test_the_same_model_gives_the_same_files() -> None:
    assert render(model()) == render(model())


def test_a_number_is_reached_in_every_form_an_operator_may_use() -> None:
    russian = Number(id=1, business_id=1, e164="+74950000001", target=Target(kind="hangup"))
    german = Number(id=2, business_id=1, e164="+4930123456", target=Target(kind="hangup"))
    assert dialled_forms(russian) == ["+74950000001", "74950000001", "84950000001", "4950000001"]
    assert dialled_forms(german) == ["+4930123456", "4930123456"]


def test_a_target_that_is_gone_ends_the_call_instead_of_breaking_the_dialplan() -> None:
    number = Number(id=5, business_id=1, e164="+74950000001", target=Target(kind="queue", id=404))
    text = render(model(numbers=(number,)))["extensions.conf"]
    assert "Goto(queue-404" not in text
    assert "Goto(cc-failed,no-target,1)" in text


def test_an_agents_number_for_calls_out_is_his_own_or_the_first() -> None:
    two = tuple(Number(id=n, business_id=1, e164=f"+749500000{n:02}", target=Target(kind="hangup")) for n in (5, 6))
    found = model(numbers=two)
    assert [(way.extension, way.number.id) for way in ways_out(found, 1)] == [("5", 5), ("6", 6), ("default", 5)]
    agent = dataclasses.replace(found.agents[0], caller_number_id=6)
    assert "Set(SHOWN=6)" in render(model(numbers=two, agents=(agent,)))["extensions.conf"]
    stranger = dataclasses.replace(agent, caller_number_id=99)
    assert "Set(SHOWN=default)" in render(model(numbers=two, agents=(stranger,)))["extensions.conf"]


def test_without_a_trunk_calls_out_are_refused() -> None:
    text = render(model(trunks=()))["extensions.conf"]
    assert "exten => default,1,Goto(cc-failed,no-trunk,1)" in text


def test_a_browser_speaks_opus_only_and_a_desk_phone_never() -> None:
    text = render(model())["pjsip.conf"]
    browser = text.split("[browser](!,phone)")[1].split("[")[0]
    desk = text.split("[desk](!,phone)")[1].split("[")[0]
    assert re.findall(r"^allow = (.*)$", browser, re.M) == ["opus"]
    assert re.findall(r"^allow = (.*)$", desk, re.M) == ["ulaw,alaw"]


def test_a_trunk_is_known_by_its_address_only() -> None:
    text = render(model())["pjsip.conf"]
    trunk = text.split("\n[t3]\n")[1]
    assert "identify_by = ip" in trunk
    assert re.findall(r"^match = (.*)$", text, re.M) == ["192.0.2.1", "192.0.2.0/24"]


def test_only_known_modules_are_loaded_where_it_is_known_what_is_there() -> None:
    there = frozenset({"chan_pjsip", "app_queue"})
    text = render(model(system=dataclasses.replace(SYSTEM, modules=there)))["modules.conf"]
    assert re.findall(r"^load = (.*)$", text, re.M) == ["chan_pjsip.so", "app_queue.so"]


@pytest.mark.parametrize("version", [(20, 6, 0), (22, 10, 1)])
def test_the_link_hears_what_the_tracker_understands_in_each_versions_words(version: tuple[int, int, int]) -> None:
    text = render(model(system=dataclasses.replace(SYSTEM, version=version)))["manager.conf"]
    assert ("name(QueueCallerJoin)" in text) == (version >= (22, 1, 0))
    assert ("Event: QueueCallerJoin[[:cntrl:]]" in text) == (version < (22, 1, 0))
    assert "bindaddr = 127.0.0.1" in text


def test_a_machine_behind_nat_names_its_outer_address() -> None:
    outer = dataclasses.replace(SYSTEM, sip_host="10.0.0.5", public_address="198.51.100.7", local_address="10.0.0.5")
    files = render(model(system=outer))
    assert "external_media_address = 198.51.100.7" in files["pjsip.conf"]
    assert "bind_rtp_to_media_address" not in files["pjsip.conf"]
    assert "10.0.0.5 => 198.51.100.7" in files["rtp.conf"]
    assert "ice_host_candidates" not in render(model())["rtp.conf"]
    # Commands stay on the loopback all the same.
    assert "bindaddr = 127.0.0.1" in files["manager.conf"]
    assert "bindaddr = 127.0.0.1" in files["http.conf"]


def test_calls_out_take_a_number_that_is_open_to_who_makes_them() -> None:
    plain = model()
    sales, support = plain.numbers
    agent = dataclasses.replace(plain.agents[0], caller_number_id=5)

    def way(*numbers: Number) -> str | None:
        return agent_way(ways_out(model(numbers=numbers), 1), agent)

    assert way(sales, support) == "5"
    assert way(dataclasses.replace(sales, outgoing=False), support) == "default"
    assert way(dataclasses.replace(sales, callers=frozenset({13})), support) == "6"
    assert way(dataclasses.replace(sales, callers=frozenset({12})), support) == "5"
    nobody = [dataclasses.replace(one, callers=frozenset()) for one in (sales, support)]
    assert way(*nobody) is None
    assert agent_way([], agent) == "default"
    text = render(model(numbers=tuple(nobody)))["extensions.conf"]
    assert text.count("Set(BARRED=no-number)") == 2
    # The usual way is that of the first number that makes calls out.
    ways = ways_out(model(numbers=(dataclasses.replace(sales, outgoing=False), support)), 1)
    assert ways[-1] == WayOut("default", support, ways[-1].trunks)


def test_what_is_seen_is_the_confirmed_number_unless_the_operator_wants_another() -> None:
    plain = model()
    agents = (dataclasses.replace(plain.agents[0], shown="+79161234567"),)
    text = render(model(agents=agents))["extensions.conf"]
    assert text.count("Set(__SHOWID=+79161234567)") == 2
    seen = 'Set(CALLERID(num)=${IF($["${SHOWID}" = ""]?+74950000001:${FILTER(0-9+,${SHOWID:0:20})})})'
    assert seen in text
    fixed = (dataclasses.replace(plain.trunks[0], caller_rule="fixed", caller_id="+74959999999"),)
    text = render(model(agents=agents, trunks=fixed))["extensions.conf"]
    assert seen not in text
    assert "Set(CALLERID(num)=+74959999999)" in text
    text = render(model(businesses=(Business(id=1, name="x", shown="+78005550000"),)))["extensions.conf"]
    assert "Set(CALLERID(num)=+78005550000)" in text
    with pytest.raises(ModelError):
        render(model(agents=(dataclasses.replace(plain.agents[0], shown="+7,evil"),)))


def queue_lines(**settings: object) -> list[str]:
    """What Asterisk is told of a queue with these settings."""
    queue = dataclasses.replace(Queue(id=7, business_id=1, name="Q"), **settings)  # type: ignore[arg-type]
    return render(model(queues=(queue,)))["queues.conf"].split("\n[q7]\n")[1].split("\n[")[0].split("\n")


@pytest.mark.rule("INQ-01")
def test_place_and_expected_wait_are_told_at_the_queues_own_interval() -> None:
    told = queue_lines(announce_seconds=45)
    for line in ("announce-frequency = 45", "min-announce-frequency = 45"):
        assert line in told
    for what in ("announce-position", "announce-holdtime", "announce-to-first-user"):
        assert f"{what} = yes" in told
        assert f"{what} = no" in queue_lines(announce_seconds=0)


@pytest.mark.rule("INQ-02")
def test_a_call_back_is_offered_again_and_again_and_its_key_leads_to_it() -> None:
    offered = queue_lines(callback_key="1", announce_seconds=45)
    for line in ("context = callback-7", "periodic-announce-frequency = 45", "announce-to-first-user = yes"):
        assert line in offered
    assert any(line.startswith("periodic-announce = ") and "standard-callback-offer" in line for line in offered)
    # A queue that tells no places offers it all the same.
    assert "periodic-announce-frequency = 30" in queue_lines(callback_key="1")
    plain = queue_lines(announce_seconds=45)
    assert not [line for line in plain if line.startswith(("context", "periodic-announce"))]
