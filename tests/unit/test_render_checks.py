"""What ``doctor`` says about Asterisk on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

from callcenter.config import Settings
from callcenter.telephony.asterisk import checks, provision


def empty(tmp_path: Path, **more: object) -> Settings:
    """Settings of a machine that has no root yet."""
    return Settings(data=tmp_path, asterisk_root=tmp_path / "root", **more)  # type: ignore[arg-type]


async def test_a_fresh_machine_is_told_to_set_up(tmp_path: Path) -> None:
    found = {finding.name: finding for finding in await checks.run(empty(tmp_path))}
    assert found["Asterisk"].state == "wrong"
    assert "make setup" in found["Asterisk"].advice
    assert len(found) == len(checks.CHECKS)


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        finding = checks.ports(empty(tmp_path, sip_port=other.getsockname()[1]))
    assert finding.state == "wrong"
    assert "CALLCENTER_SIP_PORT" in finding.advice


def test_sound_and_sip_may_not_want_the_same_port(tmp_path: Path) -> None:
    finding = checks.rtp_range(empty(tmp_path, sip_port=10500, rtp_ports="10000-10999"))
    assert finding.state == "wrong"
    assert checks.rtp_range(empty(tmp_path, rtp_ports="10000-10019")).state == "warning"
    assert checks.rtp_range(empty(tmp_path)).state == "ok"


def test_a_half_made_root_is_none(tmp_path: Path) -> None:
    half = tmp_path / "root"
    (half / "usr/sbin").mkdir(parents=True)
    (half / "usr/sbin/asterisk").write_text("")
    assert provision.find(empty(tmp_path)) is None


def test_an_older_asterisk_in_a_root_is_none(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("usr/sbin", "bin", "var/lib/dpkg", "usr/lib/asterisk/modules"):
        (root / folder).mkdir(parents=True)
    for file in ("usr/sbin/asterisk", "bin/sh"):
        (root / file).write_text("")
    for module in provision.NEEDED_MODULES:
        (root / f"usr/lib/asterisk/modules/{module}.so").write_text("")
    status = root / "var/lib/dpkg/status"
    status.write_text("Package: asterisk\nStatus: install ok installed\nVersion: 1:18.10.0-1\n")
    assert provision.find(empty(tmp_path)) is None
    status.write_text("Package: asterisk\nStatus: install ok installed\nVersion: 1:22.10.1+dfsg-1\n")
    found = provision.find(empty(tmp_path))
    assert found is not None
    assert found.version == (22, 10, 1)
