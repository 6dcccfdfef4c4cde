"""Settings: one typed object from the environment (``CALLCENTER_*``) over a TOML file over defaults.

The TOML file is ``CALLCENTER_CONFIG`` or ``callcenter.toml`` in the data folder; its keys are the field names below.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from callcenter.core.phones import to_e164


class SettingsError(Exception):
    """A setting cannot be used; the text says which and what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between installations. Ports are on 127.0.0.1 unless ``http_host`` says otherwise.

    ``disk_alert_mb``: an alert is shown when less than this is free where recordings are written.
    """

    data: Path = Path("var")
    database_url: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    sip_port: int = 5060
    ami_port: int = 5038
    asterisk_http_port: int = 8088
    rtp_ports: str = "10000-10999"
    # Seconds after which an agent whose page is gone from a talk is rung at his other phone.
    phone_fallback_seconds: float = 12.0
    # Seconds after which a parked client comes back to the agent who parked him.
    park_seconds: int = 120
    demo_robots: bool = True
    demo_password: str = ""
    demo_carrier_port: int = 5090
    asterisk_host: str = "127.0.0.1"
    # Where SIP over UDP listens (desk phones and operators of other machines need an address of the network), and the
    # address under which this machine is reached from outside when that is not its own (behind NAT).
    sip_host: str = "127.0.0.1"
    public_address: str = ""
    # The Debian root to use or make (default: `asterisk-root` in the data folder); several copies may share one.
    asterisk_root: Path | None = None
    # Folder that an Asterisk run by somebody else (a container) shares with the server, the same path on both sides.
    asterisk_dir: Path | None = None
    public_url: str = ""
    sip_ws_url: str = ""
    trusted_proxies: str = ""
    # The mail server for notices; without smtp_host no e-mail is sent. smtp_security: starttls, tls or none.
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_from: str = ""
    # A number that clients cannot call back, shown where a company chooses so.
    service_number: str = ""
    # A gateway that takes SMS: JSON {"to", "text"} is posted to sms_url with sms_secret as a bearer token.
    sms_url: str = ""
    sms_secret: str = ""
    # Numbers of the operator that companies here may take by themselves, with commas.
    number_pool: str = ""
    log_level: str = "INFO"
    disk_alert_mb: int = 500

    @property
    def rtp_range(self) -> tuple[int, int]:
        """First and last RTP port."""
        first, _, last = self.rtp_ports.partition("-")
        return int(first), int(last)

    @property
    def phone_host(self) -> str:
        """The address that desk phones and softphones sign in at."""
        return self.public_address or self.asterisk_host

    @property
    def db_url(self) -> str:
        """The SQLAlchemy URL with an async driver."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{self.data.resolve() / 'callcenter.sqlite3'}"
        url = self.database_url
        for plain, driver in (
            ("postgresql://", "postgresql+asyncpg://"),
            ("postgres://", "postgresql+asyncpg://"),
            ("sqlite://", "sqlite+aiosqlite://"),
        ):
            if url.startswith(plain):
                return driver + url.removeprefix(plain)
        return url

    @property
    def recordings_dir(self) -> Path:
        """Where finished recordings are kept."""
        return self.data / "recordings"

    @property
    def secrets_file(self) -> Path:
        """Generated secrets (AMI password, session key), readable by the owner only."""
        return self.data / "secrets.toml"


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings; raises SettingsError with the name of the wrong one."""
    env = os.environ if env is None else env
    values: dict[str, Any] = {}
    data = Path(env.get("CALLCENTER_DATA") or "var")
    file = Path(env.get("CALLCENTER_CONFIG") or data / "callcenter.toml")
    if file.is_file():
        try:
            values.update(tomllib.loads(file.read_text("utf-8")))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{file}: {error}") from error
    elif env.get("CALLCENTER_CONFIG"):
        raise SettingsError(f"CALLCENTER_CONFIG names {file}, which is not there")
    for field in msgspec.structs.fields(Settings):
        given = env.get("CALLCENTER_" + field.name.upper())
        if given is not None and given != "":
            values[field.name] = given
    values["data"] = data
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
        first, last = settings.rtp_range
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"a setting cannot be used: {error}") from error
    if settings.smtp_security not in ("starttls", "tls", "none"):
        raise SettingsError("CALLCENTER_SMTP_SECURITY is starttls, tls or none")
    if settings.smtp_host and "@" not in settings.smtp_from:
        raise SettingsError("CALLCENTER_SMTP_FROM needs the address that e-mail is sent from")
    if settings.sms_url and not settings.sms_url.startswith(("http://", "https://")):
        raise SettingsError("CALLCENTER_SMS_URL needs an address that begins with http:// or https://")
    if settings.service_number:
        number = to_e164(settings.service_number)
        if number is None:
            raise SettingsError("CALLCENTER_SERVICE_NUMBER needs a telephone number such as +74951234567")
        settings = msgspec.structs.replace(settings, service_number=number)
    if not 1024 <= first < last <= 65535:
        raise SettingsError("CALLCENTER_RTP_PORTS needs a range such as 10000-10999")
    return settings


def _decode(kind: type, value: Any) -> Any:
    if kind is Path or kind == Path | None:
        return Path(value)
    raise NotImplementedError(kind)
