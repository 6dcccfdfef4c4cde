"""Merge tags, what a letter may hold, how it is built, what a failure is called. Pure."""

from __future__ import annotations

import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.mail.rules import content, failing, message, servers, tags
from callcenter.features.mail.rules.message import Attached, Picture, Written
from callcenter.features.mail.rules.servers import ServerForm
from callcenter.features.mail.rules.tags import Addressee, Names

ALL = "%FIRSTNAME%|%LASTNAME%|%PATRONYMIC%|%FIRM_NAME%|%FULLNAME%"


def person(name: str = "", first: str = "", last: str = "", firm: str = "") -> Addressee:
    return Addressee(person=True, name=name or f"{first} {last}".strip(), first=first, last=last, firm=firm)


@pytest.mark.rule("OUT-33")
def test_each_tag_becomes_its_name() -> None:
    one = person(first="Иван Петрович", last="Сидоров", firm="ООО «Ромашка»")
    assert tags.fill(ALL, one) == "Иван|Сидоров|Петрович|ООО «Ромашка»|Сидоров Иван Петрович"


@pytest.mark.rule("OUT-33")
def test_the_full_name_is_the_organisation_unless_the_letter_goes_to_a_person() -> None:
    firm = Addressee(person=False, name="ООО «Ромашка»", first="", last="", firm="ООО «Ромашка»")
    assert tags.fill("%FULLNAME%, %FIRSTNAME%!", firm) == "ООО «Ромашка», !"
    assert tags.fill("%FULLNAME%", person(first="Анна", last="Белова", firm="ООО «Ромашка»")) == "Белова Анна"


@pytest.mark.rule("OUT-33")
@pytest.mark.parametrize(
    ("one", "found"),
    [
        (person("Сидоров Иван Петрович"), Names("Иван", "Петрович", "Сидоров")),
        (person("Иван Петрович Сидоров"), Names("Иван", "Петрович", "Сидоров")),
        (person("Анна Ильинична"), Names("Анна", "Ильинична", "")),
        (person("Анна Белова", first="Анна", last="Белова"), Names("Анна", "", "Белова")),
        (person("Ali Mamed oglu", first="Ali Mamed", last="Aliev"), Names("Ali Mamed", "", "Aliev")),
        (person("Тимур Ренат оглы", first="Тимур Ренат оглы", last="Асланов"), Names("Тимур Ренат", "оглы", "Асланов")),
        (person("John Smith", first="John", last="Smith"), Names("John", "", "Smith")),
        (person("Давидович", first="Давидович"), Names("Давидович", "", "")),
        (person(""), Names("", "", "")),
    ],
)
def test_names_are_told_apart(one: Addressee, found: Names) -> None:
    assert tags.names(one) == found


@pytest.mark.rule("OUT-33")
def test_a_name_brings_no_marks_and_no_further_tags_into_a_letter() -> None:
    one = person(first='<b onclick="x">%LASTNAME%</b>', last="О'Нил & Ко")
    assert tags.fill_html("<p>%FIRSTNAME% %LASTNAME%</p>", one) == (
        "<p>&lt;b onclick=&quot;x&quot;&gt;%LASTNAME%&lt;/b&gt; О&#x27;Нил &amp; Ко</p>"
    )
    # Only these five, written exactly so.
    assert tags.fill("%firstname% %NAME% 100% %FIRSTNAME", one) == "%firstname% %NAME% 100% %FIRSTNAME"


@pytest.mark.rule("OUT-34")
def test_pictures_are_uploaded_ones_or_stand_at_an_https_address() -> None:
    text = (
        '<p><img src="/mail/files/12" alt="x"><img src="https://a.example/b.png"></p>'
        '<img src="http://a.example/c.png"><img src="/calls"><img src="javascript:alert(1)"><img src=x onerror=x>'
    )
    found = content.clean(text)
    assert found == '<p><img src="/mail/files/12" alt="x"><img src="https://a.example/b.png"></p>'
    assert content.pictures(found) == [12]


def test_a_letter_is_cleaned() -> None:
    assert content.clean("<script>alert(1)</script><p onclick=x>Да <a href='javascript:x'>нет</a></p>") == (
        '<p>Да <a rel="noopener noreferrer">нет</a></p>'
    )
    assert content.clean("<p><br></p> <div>&nbsp;</div>") == ""
    with pytest.raises(BadInput):
        content.clean("x" * (content.MAX_TEXT + 1))
    for wrong in ("", "  ", "x" * 256, "a\x07b"):
        with pytest.raises(BadInput):
            content.subject(wrong)
    assert content.subject(" Счёт\r\nBcc: all@example.com ") == "Счёт Bcc: all@example.com"


@pytest.mark.rule("OUT-34")
def test_at_most_ten_files_of_limited_weight_and_kind() -> None:
    content.files([1] * 10)
    with pytest.raises(BadInput) as many:
        content.files([1] * 11)
    assert many.value.values == {"limit": 10}
    with pytest.raises(BadInput):
        content.files([content.MAX_ALL], [1])
    content.file_kind("Предложение.pdf")
    with pytest.raises(BadInput):
        content.file_kind("price.pdf.EXE")


def test_plain_words_of_a_letter() -> None:
    text = '<h3>Здравствуйте</h3><p>Цены &amp; сроки:<br>ниже</p><ul><li>раз</li><li><a href="https://a.example/x">сайт</a></li></ul>'
    assert content.plain(text) == "Здравствуйте\nЦены & сроки:\nниже\n\n- раз\n\n- сайт (https://a.example/x)"


def built(**more: Any) -> EmailMessage:
    letter = Written(
        to="ivan@example.com", to_name="Иван\r\nBcc: x@example.com", sender="sales@example.com", sender_name="Продажи",
        subject="Счёт\r\nBcc: all@example.com", html='<p>Да<img src="/mail/files/7" alt=""></p>', text="Да",
        message_id="<1@example.com>",
    )  # fmt: skip
    return message.written(letter._replace(**more))


@pytest.mark.rule("OUT-34")
def test_a_letter_carries_its_files_and_its_pictures_inside() -> None:
    made = built(
        files=(Attached("КП.pdf", "application/octet-stream", b"%PDF"),),
        pictures=(Picture("/mail/files/7", "image/png", b"png"), Picture("/mail/files/8", "image/png", b"other")),
    )
    parts = {part.get_content_type(): part for part in made.walk()}
    assert parts["image/png"]["Content-ID"] == "<picture1@example.com>"
    assert 'src="cid:picture1@example.com"' in parts["text/html"].get_content()
    assert [one.get_filename() for one in made.iter_attachments()] == ["КП.pdf"]
    # Nothing typed makes a header of its own.
    assert made["Bcc"] is None
    assert made["Subject"] == "Счёт Bcc: all@example.com"


def test_addresses_in_other_letters_are_sent_in_latin_ones() -> None:
    assert built(to="ivan@почта.рф").as_bytes().count(b"xn--80a1acny.xn--p1ai") == 1


def form(**more: Any) -> ServerForm:
    values: dict[str, Any] = {"name": "Продажи", "host": "smtp.example.com", "from_address": "s@example.com"}
    return ServerForm(**(values | more))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "есть"}, "name"),
        ({"host": "a b"}, "host"),
        ({"host": "smtp.example.com\r\nRSET"}, "host"),
        ({"port": 0}, "port"),
        ({"username": "u"}, "password"),
        ({"username": "u", "password": "p", "security": "none"}, "security"),
    ],
)
def test_a_wrong_mail_server_is_told_by_its_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as wrong:
        servers.checked(form(**more), frozenset({"есть"}), had_password=False, address="s@example.com")
    assert set(wrong.value.fields) == {field}


def test_a_letter_is_tried_again_later_and_later_and_then_given_up() -> None:
    assert [servers.pause(n) for n in range(1, 6)] == [10.0, 60.0, 600.0, 3600.0, None]
    assert set(failing.WORDS) >= failing.FINAL
    assert failing.answer(550, "5.1.1 No\r\nsuch user\x07") == "550 5.1.1 No such user"


def read(made: EmailMessage) -> EmailMessage:
    """As it is read on the other side."""
    found = email.message_from_bytes(made.as_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def decoded(made: EmailMessage, header: str) -> str:
    """A header as mail programs show it."""
    return str(make_header(decode_header(email.message_from_bytes(made.as_bytes())[header])))


@given(st.lists(st.sampled_from(["Петров", "Иван", "Сергеевич", "ООО «Ромашка»", "&", "offer", "№ 5"]), min_size=1))
def test_headers_keep_every_word_however_long_they_are(words: list[str]) -> None:
    text = " ".join(words)
    made = built(subject=text, to_name=text)
    assert str(read(made)["Subject"]) == text
    assert " ".join(decoded(made, "To").replace('"', "").split()) == f"{text} <ivan@example.com>"
    assert read(made)["To"].addresses[0].addr_spec == "ivan@example.com"
    assert max(len(one) for one in made.as_bytes().partition(b"\r\n\r\n")[0].split(b"\r\n")) < 100
    notice = message.message(message.Letter("a@example.com", text, "x"), "b@example.com")
    assert str(read(notice)["Subject"]) == text


@pytest.mark.parametrize("name", ['Иван "Грозный" <x@y.z>', "a, b; c", "\\", "<>", "x" * 200, "a, b@c.d; " * 12])
def test_a_name_is_no_address(name: str) -> None:
    found = read(built(to_name=name))["To"].addresses
    assert [one.addr_spec for one in found] == ["ivan@example.com"]
