"""What three programs are told: read back the way they read it."""

from __future__ import annotations

import configparser
from xml.etree import ElementTree as ET

import pytest

from callcenter.features.softphones import rules
from callcenter.features.softphones.rules import Phone

PHONE = Phone(name='Анна "Ю" <x>\nevil=1', login="a12s", password="pa<ss&1", host="pbx.example", port=5061)
NS = "{http://www.linphone.org/xsds/lpconfig.xsd}"


@pytest.mark.rule("DPL-07")
def test_linphone_reads_server_login_and_password() -> None:
    root = ET.fromstring(rules.linphone(PHONE))  # noqa: S314 - our own text
    found = {
        section.get("name"): {entry.get("name"): entry.text for entry in section}
        for section in root.iter(f"{NS}section")
    }
    assert found["auth_info_0"] == {"username": "a12s", "passwd": "pa<ss&1", "domain": "pbx.example"}
    assert found["proxy_0"]["reg_proxy"] == "<sip:pbx.example:5061;transport=udp>"
    assert found["proxy_0"]["reg_identity"] == '"Анна Ю xevil=1" <sip:a12s@pbx.example>'
    assert (found["proxy_0"]["reg_sendregister"], found["sip"]["default_proxy"]) == ("1", "0")


@pytest.mark.rule("DPL-07")
def test_microsip_reads_server_login_and_password() -> None:
    file = configparser.RawConfigParser()
    file.optionxform = str  # type: ignore[assignment,method-assign]
    file.read_string(rules.microsip(PHONE))
    account = dict(file["Account1"])
    assert (account["server"], account["domain"]) == ("pbx.example:5061", "pbx.example:5061")
    assert (account["username"], account["authID"], account["password"]) == ("a12s", "a12s", "pa<ss&1")
    assert (account["transport"], "evil" in account) == ("udp", False)


@pytest.mark.rule("DPL-07")
def test_zoiper_s_lines_have_all_that_it_asks_for() -> None:
    lines = dict(line.split(": ", 1) for line in rules.zoiper(PHONE).splitlines())
    assert lines["Username"] == "a12s@pbx.example:5061"
    assert (lines["Password"], lines["Hostname"]) == ("pa<ss&1", "pbx.example:5061")


def test_a_phone_in_a_log_shows_no_password() -> None:
    assert "pa<ss" not in repr(PHONE)
