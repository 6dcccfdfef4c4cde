"""The columns of Asterisk's durable call journal (CEL), as cel_custom.conf writes them and the journal reads them.

One CSV line an event, every field quoted, a quote inside doubled. ``eventtime`` is epoch seconds with microseconds. The
event whose ``userdeftype`` is CC carries a call's own variables in ``eventextra`` as
``{"extra":"business=1&dir=in&number=5&from=+7…&to=+7…&rec=…&agent=…"}`` (not percent-encoded; a part may be empty).
"""

from __future__ import annotations

COLUMNS: tuple[tuple[str, str], ...] = (
    ("eventtype", "eventtype"),
    ("eventtime", "eventtime"),
    ("linkedid", "CHANNEL(linkedid)"),
    ("uniqueid", "CHANNEL(uniqueid)"),
    ("channame", "CHANNEL(channame)"),
    ("context", "CHANNEL(context)"),
    ("exten", "CHANNEL(exten)"),
    ("cid_num", "CALLERID(num)"),
    ("cid_name", "CALLERID(name)"),
    ("cid_dnid", "CALLERID(dnid)"),
    ("appname", "CHANNEL(appname)"),
    ("appdata", "CHANNEL(appdata)"),
    ("userdeftype", "userdeftype"),
    ("eventextra", "eventextra"),
    ("peer", "BRIDGEPEER"),
    ("userfield", "CHANNEL(userfield)"),
    ("accountcode", "CHANNEL(accountcode)"),
)
"""Name of each column, and what stands for it in cel_custom.conf."""

NAMES: tuple[str, ...] = tuple(name for name, _ in COLUMNS)


def template() -> str:
    """The right side of the mapping in cel_custom.conf."""
    return ",".join(f"${{CSV_QUOTE(${{{source}}})}}" for _, source in COLUMNS)
