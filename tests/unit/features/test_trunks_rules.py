"""What a line to an operator may look like as people type it, and what Asterisk's states of it mean."""

from __future__ import annotations

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.trunks import rules
from callcenter.telephony.trunks import TrunkNow, trunk_states


@pytest.mark.rule("TEL-35")
@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("pbx.companyname.ru:1122", "pbx.companyname.ru", 1122),
        (" sip:PBX.companyname.ru ", "pbx.companyname.ru", 5060),
        ("192.0.2.7:5070", "192.0.2.7", 5070),
        ("[2001:db8::1]:5061", "[2001:db8::1]", 5061),
        ("атс.рф:5060", "xn--80a8ac.xn--p1ai", 5060),
    ],
)
def test_server_and_port_are_typed_as_one(typed: str, host: str, port: int) -> None:
    assert rules.server(typed) == (host, port)


@pytest.mark.parametrize("typed", ["", ":5060", "pbx:0", "pbx:70000", "a b.ru", "pbx.ru;x", "pbx\r\nx", "pbx..ru"])
def test_what_is_no_server_is_refused(typed: str) -> None:
    with pytest.raises(BadInput) as error:
        rules.server(typed)
    assert set(error.value.fields) == {"server"}


def test_a_number_is_a_telephone_number_or_a_name_in_the_pbx() -> None:
    assert rules.sip_number("8 (495) 000-00-01") == "+74950000001"
    assert rules.sip_number("101") == "101"
    assert rules.sip_number("") == ""
    with pytest.raises(BadInput):
        rules.sip_number("10;1")


def test_codecs_keep_their_order() -> None:
    assert rules.codecs(["g722", "alaw", "", "g722"]) == "g722,alaw"
    for wrong in ([], [""], ["mp3"]):
        with pytest.raises(BadInput):
            rules.codecs(wrong)


def test_states_of_asterisk_become_states_of_lines() -> None:
    endpoints = [
        {"Event": "EndpointDetail", "ObjectName": "t3"},
        {"Event": "ContactStatusDetail", "AOR": "t3", "Status": "Reachable", "RoundtripUsec": "1840"},
        {"Event": "EndpointDetail", "ObjectName": "t4"},
        {"Event": "ContactStatusDetail", "AOR": "t4", "Status": "Unreachable", "RoundtripUsec": "0"},
        {"Event": "EndpointDetail", "ObjectName": "a12s"},
    ]
    registrations = [
        {"Event": "OutboundRegistrationDetail", "ObjectName": "t3", "Status": "Registered"},
        {"Event": "OutboundRegistrationDetail", "ObjectName": "t4", "Status": "Rejected"},
        {"Event": "OutboundRegistrationDetail", "ObjectName": "t9", "Status": "Registered"},
    ]
    assert trunk_states(registrations, endpoints) == {
        3: TrunkNow(registration="registered", reachable=True, latency=1.8),
        4: TrunkNow(registration="refused", reachable=False),
    }
