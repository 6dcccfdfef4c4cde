"""Files reach Asterisk whole or not at all, only when they changed, and what is read again is what changed."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from callcenter.config import Settings
from callcenter.telephony.asterisk import secrets
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.provision import Installation
from callcenter.telephony.config import apply, cel


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """A run whose folders are in a temporary place; nothing is started."""
    external = Installation(kind="external", binary="", version=(22, 0, 0), modules_dir="/m", data_dir="/d")
    settings = Settings(data=tmp_path / "data", asterisk_dir=tmp_path / "asterisk")
    found = Instance.from_settings(settings, external)
    found.prepare()
    return found


def test_only_what_changed_is_written(instance: Instance) -> None:
    assert apply.write(instance, {"a.conf": "1", "b.conf": "2"}) == ["a.conf", "b.conf"]
    before = (instance.etc / "a.conf").stat().st_mtime_ns
    assert apply.write(instance, {"a.conf": "1", "b.conf": "3"}) == ["b.conf"]
    assert (instance.etc / "a.conf").stat().st_mtime_ns == before
    assert (instance.etc / "b.conf").read_text() == "3"
    assert apply.write(instance, {"b.conf": "3"}) == ["a.conf"]
    assert not (instance.etc / "a.conf").exists()


def test_files_are_private(instance: Instance) -> None:
    apply.write(instance, {"manager.conf": "secret"})
    assert stat.S_IMODE((instance.etc / "manager.conf").stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    apply.write(instance, {"a.conf": "old"})

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        apply.write(instance, {"a.conf": "new"})
    assert (instance.etc / "a.conf").read_text() == "old"
    assert [file.name for file in instance.etc.iterdir()] == ["a.conf"]


def test_a_recording_that_is_gone_meanwhile_hinders_nothing(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = instance.recordings / "c1.done", instance.recordings / "c2.done"
    gone.touch()
    kept.touch()
    given: list[Path] = []

    def chown(path: Path, *_: int, **__: bool) -> None:
        if Path(path) == gone:
            raise FileNotFoundError(2, "No such file or directory")
        given.append(Path(path))

    monkeypatch.setattr(os, "chown", chown)
    instance._hand_over()
    assert {instance.folder, instance.run_dir, instance.recordings, kept} <= set(given)


async def test_asterisk_reads_again_what_changed() -> None:
    said: list[str] = []

    async def run(command: str) -> str:
        said.append(command)
        return ""

    await apply.reload(run, ["queues.conf", "extensions.conf"])
    assert said == ["queue reload all", "dialplan reload"]
    assert apply.needs_restart(["modules.conf"])
    assert not apply.needs_restart(["pjsip.conf", "queues.conf"])


def test_two_data_folders_never_share_a_run(tmp_path: Path) -> None:
    root = Installation(
        kind="root", binary="/usr/sbin/asterisk", version=(22, 0, 0), modules_dir="/m", data_dir="/d", root=tmp_path
    )
    one, two = (Instance.from_settings(Settings(data=tmp_path / name), root) for name in ("one", "two"))
    assert one.folder != two.folder
    assert one.folder.parent == two.folder.parent == tmp_path / "cc"
    assert one.to_inside(one.recordings) == f"/cc/{one.name}/spool/monitor"
    assert one.to_host(f"/cc/{one.name}/etc/asterisk.conf") == one.etc / "asterisk.conf"
    assert one.to_host("/usr/share/x") == tmp_path / "usr/share/x"


def test_a_socket_has_a_short_path_wherever_the_data_lies(tmp_path: Path) -> None:
    own = Installation(kind="system", binary="asterisk", version=(20, 6, 0), modules_dir="/m", data_dir="/d")
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6)
    folder = Instance(name="x" * 10, installation=own, folder=deep, inside=str(deep), secrets_file=deep / "s")
    assert len(str(folder.socket)) < 108


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secrets.toml"
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(secrets.secret(file, "ami_password"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found[0]) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other = secrets.secret(file, "session_key")
    assert other != found[0]
    assert secrets.read(file) == {"ami_password": found[0], "session_key": other}


def test_the_journals_columns_are_quoted_and_named_once() -> None:
    assert len(set(cel.NAMES)) == len(cel.NAMES)
    assert cel.template().count("CSV_QUOTE(") == len(cel.COLUMNS)
    # Anything else makes Asterisk evaluate the line as dialplan, at many times the cost.
    assert "\t" not in cel.template()
    assert " " not in cel.template()
