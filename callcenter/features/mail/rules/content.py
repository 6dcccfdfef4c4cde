"""What a letter may hold: its subject, clean HTML, pictures, and at most ten files (OUT-32, OUT-34). Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import nh3

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

MAX_SUBJECT, MAX_TEXT = 255, 200_000
MAX_FILES, MAX_PICTURES = 10, 20
MB = 1024 * 1024
MAX_FILE, MAX_PICTURE, MAX_ALL = 10 * MB, 5 * MB, 18 * MB
PICTURES = "/mail/files/"
"""Where uploaded pictures are shown; a letter's text names them so, and takes them along when it is sent."""

NO_SUBJECT = N_("Write the letter's subject, at most 255 characters.")
NO_TEXT = N_("Write the letter's text first.")
LONG_TEXT = N_("The letter is too long: at most %(limit)s characters with its formatting.")
MANY_FILES = N_("A letter takes at most %(limit)s files.")
MANY_PICTURES = N_("A letter takes at most %(limit)s pictures.")
HEAVY = N_("The files weigh too much together: at most %(limit)s MB go with a letter.")
DANGEROUS = N_("Mail servers refuse files of this kind: .%(kind)s. Pack it into an archive, or send a link.")
NO_PICTURE = N_("This is not a picture. Choose a JPEG, PNG, GIF or WebP file.")

_TAGS = {
    "p", "div", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a", "b", "strong", "i", "em", "u", "s", "br", "hr",
    "img", "span", "table", "tbody", "thead", "tr", "td", "th",
}  # fmt: skip
_LINKS = ("http://", "https://", "mailto:", "tel:")
_OWN = re.compile(r"/mail/files/(\d{1,9})")
_IMG = re.compile(r'<img[^>]*\ssrc="/mail/files/(\d{1,9})"')
_NO_SRC = re.compile(r'<img(?![^>]*\ssrc=")[^>]*>')
# What mail services refuse whatever it holds.
REFUSED = frozenset(
    "ade adp apk appx bat cab chm cmd com cpl dll dmg exe hta ins iso isp jar js jse lib lnk mde msc msi msp mst nsh "
    "pif ps1 reg scr sct sh sys vb vbe vbs vxd wsc wsf wsh".split()
)


def subject(typed: str) -> str:
    """A subject in one line. Raises BadInput."""
    found = " ".join(typed.split())
    if not found or len(found) > MAX_SUBJECT or not found.isprintable():
        raise BadInput(NO_SUBJECT, fields={"subject": NO_SUBJECT})
    return found


def clean(typed: str) -> str:
    """HTML that may stand in a letter and in a page; '' when nothing is in it. Raises BadInput.

    Pictures are uploaded ones (``/mail/files/…``) or stand at an https address.
    """
    if len(typed) > MAX_TEXT:
        raise BadInput(
            LONG_TEXT, fields={"text": LONG_TEXT}, field_values={"text": {"limit": MAX_TEXT}}, limit=MAX_TEXT
        )
    found = nh3.clean(
        typed,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan"}, "th": {"colspan"}},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    ).strip()
    found = _NO_SRC.sub("", found)
    if len(pictures(found)) > MAX_PICTURES:
        raise BadInput(MANY_PICTURES, fields={"text": MANY_PICTURES}, field_values={"text": {"limit": MAX_PICTURES}},
                       limit=MAX_PICTURES)  # fmt: skip
    return found if plain(found) or "<img" in found else ""


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if value.lower().startswith(_LINKS) else None
    if name == "src":
        return value if _OWN.fullmatch(value) or value.lower().startswith("https://") else None
    if name in ("width", "height", "colspan"):
        return value if value.isascii() and value.isdecimal() and len(value) < 5 else None
    return value


def pictures(text: str) -> list[int]:
    """The ids of uploaded pictures in clean HTML, each once."""
    return list(dict.fromkeys(int(one) for one in _IMG.findall(text)))


def picture_address(file_id: int) -> str:
    """How a letter's text names an uploaded picture."""
    return f"{PICTURES}{file_id}"


def plain(text: str) -> str:
    """Clean HTML in plain words; addresses of links stand behind them."""
    found = re.sub(r'<a href="([^"#]*)"[^>]*>(.*?)</a>', _link, text, flags=re.DOTALL)
    found = re.sub(r"<li[^>]*>", "\n- ", found)
    found = re.sub(r"<(?:br|hr)[^>]*>|</(?:p|div|h2|h3|h4|li|tr|blockquote|ul|ol)>", "\n", found)
    found = html.unescape(re.sub(r"<[^>]*>", "", found)).replace("\u00a0", " ")
    lines = [" ".join(one.split()) for one in found.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _link(found: re.Match[str]) -> str:
    address, words = found[1], found[2]
    return words if html.unescape(address) in html.unescape(words) else f"{words} ({address})"


def files(sizes: Sequence[int], inside: Sequence[int] = ()) -> None:
    """Checks how many files go with a letter and what all weighs, in bytes. Raises BadInput."""
    if len(sizes) > MAX_FILES:
        raise BadInput(MANY_FILES, fields={"files": MANY_FILES}, field_values={"files": {"limit": MAX_FILES}},
                       limit=MAX_FILES)  # fmt: skip
    if sum(sizes) + sum(inside) > MAX_ALL:
        limit = MAX_ALL // MB
        raise BadInput(HEAVY, fields={"files": HEAVY}, field_values={"files": {"limit": limit}}, limit=limit)


def file_kind(name: str) -> None:
    """Raises BadInput for a file that mail servers refuse by its ending."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in REFUSED:
        raise BadInput(DANGEROUS, fields={"file": DANGEROUS}, field_values={"file": {"kind": ending}}, kind=ending)
