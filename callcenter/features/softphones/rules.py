"""What softphones are told, in the words of three programs. Pure.

Linphone reads an XML file from an address (its remote provisioning, xmlns lpconfig.xsd), MicroSIP an ini file, Zoiper
is filled in by hand.
"""

from __future__ import annotations

import configparser
import io
from dataclasses import dataclass
from xml.sax.saxutils import escape

LINK_SECONDS = 600.0
"""So long a code for the camera can be used, once."""
REGISTER_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Phone:
    """How one telephone signs in. ``name`` is its owner's, ``host`` an address or a name; over UDP."""

    name: str
    login: str
    password: str
    host: str
    port: int

    @property
    def server(self) -> str:
        """Host and port, as programs want it."""
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Phone(login={self.login!r})"


def linphone(phone: Phone) -> str:
    """The file that Linphone fetches."""
    sections = {
        "proxy_0": {
            "reg_proxy": f"<sip:{phone.server};transport=udp>",
            "reg_identity": f'"{_plain(phone.name)}" <sip:{phone.login}@{phone.host}>',
            "reg_expires": str(REGISTER_SECONDS),
            "reg_sendregister": "1",
            "publish": "0",
        },
        "auth_info_0": {"username": phone.login, "passwd": phone.password, "domain": phone.host},
        "sip": {"default_proxy": "0"},
    }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<config xmlns="http://www.linphone.org/xsds/lpconfig.xsd">']
    for section, entries in sections.items():
        lines.append(f'  <section name="{section}">')
        lines += [
            f'    <entry name="{name}" overwrite="true">{escape(value)}</entry>' for name, value in entries.items()
        ]
        lines.append("  </section>")
    return "\n".join([*lines, "</config>", ""])


def microsip(phone: Phone) -> str:
    """What stands in MicroSIP.ini."""
    file = configparser.RawConfigParser()
    # The program tells keys in capitals from others.
    file.optionxform = str  # type: ignore[assignment,method-assign]
    file["Settings"] = {"accountId": "1"}
    file["Account1"] = {
        "label": _plain(phone.name),
        "server": phone.server,
        "domain": phone.server,
        "username": phone.login,
        "password": phone.password,
        "authID": phone.login,
        "displayName": _plain(phone.name),
        "transport": "udp",
        "registerRefresh": str(REGISTER_SECONDS),
        "keepAlive": "15",
    }
    text = io.StringIO()
    file.write(text, space_around_delimiters=False)
    return text.getvalue()


def zoiper(phone: Phone) -> str:
    """What is typed into Zoiper, line by line."""
    return (
        f"Username: {phone.login}@{phone.server}\n"
        f"Password: {phone.password}\n"
        f"Hostname: {phone.server}\n"
        "Outbound proxy: \n"
        "Transport: SIP UDP\n"
    )


def _plain(name: str) -> str:
    """A name that breaks neither a line nor a quotation."""
    return " ".join("".join(sign for sign in name if sign.isprintable() and sign not in '"<>\\').split())
