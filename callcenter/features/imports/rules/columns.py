"""Which column of a file becomes which field: recognised by its name and by what stands in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164

SKIP = ""
ORG = "org."
OWN = "own."


class Target(NamedTuple):
    """A field that a column can become. ``words`` are pieces of headers that mean it, the whole header first."""

    key: str
    title: str
    words: tuple[str, ...] = ()


PERSON: tuple[Target, ...] = (
    Target("first_name", N_("First name"), ("имя", "фио", "ф.и.о", "клиент", "контакт", "контактное лицо",
           "имя клиента", "отчество", "имя контакта", "first name", "firstname", "name", "full name", "contact",
           "client", "customer", "middle name", "имя и фамилия", "фамилия имя отчество", "фамилия и имя",
           "имя отчество")),
    Target("last_name", N_("Last name"), ("фамилия", "last name", "lastname", "surname", "family name")),
    Target("phone", N_("Phone"), ("телефон", "тел", "тел.", "номер телефона", "мобильный", "мобильный телефон",
           "сотовый", "телефоны", "рабочий телефон", "домашний телефон", "телефон контакта", "телефон клиента",
           "телефон 2", "телефон 1", "номер", "phone", "phone number", "mobile", "tel", "cell", "telephone", "phones")),
    Target("email", N_("E-mail"), ("email", "e-mail", "почта", "электронная почта", "эл. почта", "эл.почта", "мейл",
           "имейл", "mail", "адрес электронной почты", "e-mail контакта", "email контакта", "e-mails", "emails")),
    Target("position", N_("Job title"), ("должность", "position", "job title", "job", "title", "роль")),
    Target("city", N_("City"), ("город", "населенный пункт", "населённый пункт", "city", "town")),
    Target("address", N_("Address"), ("адрес", "address", "улица")),
    Target("site", N_("Site"), ("сайт", "веб-сайт", "www", "url", "site", "website", "web site")),
    Target("birth_date", N_("Date of birth"), ("дата рождения", "день рождения", "др", "рождение", "birthday",
           "birth date", "date of birth", "birthdate")),
    Target("sex", N_("Sex"), ("пол", "sex", "gender")),
    Target("industry", N_("Industry"), ("отрасль", "сфера деятельности", "вид деятельности", "industry")),
    Target("type", N_("Client type"), ("тип", "тип клиента", "client type", "type")),
    Target("warmth", N_("Warmth"), ("теплота", "степень готовности", "warmth")),
    Target("currency", N_("Currency"), ("валюта", "currency")),
    Target("tags", N_("Tags"), ("теги", "тег", "метки", "метка", "tags", "tag", "labels")),
    Target("description", N_("Description"), ("описание", "комментарий", "комментарии", "примечание", "примечания",
           "заметка", "заметки", "description", "comment", "comments", "note", "notes")),
)  # fmt: skip
ORGANISATION: tuple[Target, ...] = (
    Target("org.name", N_("Organisation"), ("организация", "компания", "название", "название организации", "фирма",
           "название компании", "наименование", "наименование организации", "юр. лицо", "юридическое лицо", "company",
           "organisation", "organization", "company name", "organisation name", "organization name")),
    Target("org.inn", N_("INN"), ("инн", "inn", "tin", "vat")),
    Target("org.kpp", N_("KPP"), ("кпп", "kpp")),
    Target("org.phone", N_("Organisation: phone"), ("телефон организации", "телефон компании", "телефон офиса",
           "company phone", "organisation phone", "organization phone", "office phone")),
    Target("org.email", N_("Organisation: e-mail"), ("e-mail организации", "email организации", "почта организации",
           "e-mail компании", "email компании", "почта компании", "company email", "company e-mail",
           "organisation e-mail", "organisation email", "organization email")),
    Target("org.city", N_("Organisation: city"), ("город организации", "город компании", "company city")),
    Target("org.address", N_("Organisation: address"), ("адрес организации", "адрес компании", "юридический адрес",
           "юр. адрес", "company address", "organisation address")),
    Target("org.site", N_("Organisation: site"), ("сайт организации", "сайт компании", "company site",
           "company website")),
    Target("org.industry", N_("Organisation: industry"), ("отрасль организации", "отрасль компании")),
    Target("org.type", N_("Organisation: client type"), ("тип организации", "тип компании")),
    Target("org.warmth", N_("Organisation: warmth"), ()),
    Target("org.currency", N_("Organisation: currency"), ("валюта организации",)),
    Target("org.tags", N_("Organisation: tags"), ("теги организации", "теги компании")),
    Target("org.description", N_("Organisation: description"), ("описание организации", "описание компании")),
)  # fmt: skip
BASE: dict[str, Target] = {one.key: one for one in (*PERSON, *ORGANISATION)}
# Columns that belong to whoever the file is about, so to the organisation in a file without people.
_SHARED = frozenset(one.key.removeprefix(ORG) for one in ORGANISATION) - {"name", "inn", "kpp"}
# More than one column of these kinds may be recognised; of the others the first one is.
_MANY = frozenset({"phone", "email", "tags", "org.phone", "org.email", "org.tags", "description", "first_name"})
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}")
_DAY = re.compile(r"(?:\d{1,2}[./]\d{1,2}[./](?:19|20)\d{2}|(?:19|20)\d{2}-\d{1,2}-\d{1,2})")
_SITE = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_FIRM = re.compile(r"(?:^|[\s\"«])(?:ООО|АО|ЗАО|ОАО|ПАО|ИП|LLC|Ltd|Inc|GmbH)(?:$|[\s\"».,])")


def recognise(
    header: Sequence[str], rows: Iterable[Sequence[str]], own: Iterable[tuple[str, str]] = ()
) -> dict[int, str]:
    """Column → field for the columns that are understood. ``own`` are own fields as (key, title)."""
    names = {_plain(title): key for key, title in own}
    for one in BASE.values():
        for word in one.words:
            names.setdefault(_plain(word), one.key)
    sample = list(rows)
    found: dict[int, str] = {}
    taken: set[str] = set()

    def give(column: int, key: str) -> None:
        if key and (key in _MANY or key not in taken):
            found[column] = key
            taken.add(key)

    for column, title in enumerate(header):
        give(column, names.get(_plain(title)) or names.get(re.sub(r"\s*№?\d+$", "", _plain(title)), ""))
    for column in range(len(header)):
        if column not in found:
            give(column, _by_content([row[column] for row in sample if column < len(row) and row[column]]))
    if "org.name" in taken and not taken & {"first_name", "last_name"}:
        found = {column: ORG + key if key in _SHARED else key for column, key in found.items()}
    return found


def _plain(title: str) -> str:
    return " ".join(re.sub(r"[*:_()\[\]]", " ", title.casefold()).split())


def _by_content(cells: list[str]) -> str:
    """What a column without a known name holds, '' when it does not show."""
    if not cells:
        return SKIP

    def most(good: int) -> bool:
        return good >= max(1, len(cells) * 0.8)

    if most(sum(1 for one in cells if _EMAIL.search(one))):
        return "email"
    if most(sum(1 for one in cells if _SITE.fullmatch(one))):
        return "site"
    if most(sum(1 for one in cells if _phone_like(one))):
        return "phone"
    if most(sum(1 for one in cells if _inn(one))):
        return "org.inn"
    if most(sum(1 for one in cells if _FIRM.search(one))):
        return "org.name"
    if most(sum(1 for one in cells if _DAY.fullmatch(one) and int(re.findall(r"\d{4}", one)[0]) < 2015)):
        return "birth_date"
    return SKIP


def _phone_like(cell: str) -> bool:
    if any(sign.isalpha() for sign in cell):
        return False
    first = re.split("[,;]", cell)[0]
    digits = re.sub(r"\D", "", first)
    if not 10 <= len(digits) <= 15 or _inn(cell):
        return False
    return (
        first.lstrip().startswith("+")
        or (len(digits) == 11 and digits[0] in "78" and to_e164(first) is not None)
        or (len(digits) == 10 and digits[0] == "9")
    )


def _inn(cell: str) -> bool:
    """Whether it is a valid INN, by its control digits."""
    if not (cell.isascii() and cell.isdecimal() and len(cell) in (10, 12)):
        return False
    digits = [int(one) for one in cell]

    def control(weights: Sequence[int]) -> int:
        return sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11 % 10

    if len(digits) == 10:
        return control((2, 4, 10, 3, 5, 9, 4, 6, 8)) == digits[9]
    first = control((7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) == digits[10]
    return first and control((3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) == digits[11]


def checked(mapping: dict[int, str], width: int, own: Iterable[str], *, mails: bool = False) -> dict[int, str]:
    """A mapping that somebody chose, without skipped columns. Raises BadInput (IMP-03).

    ``mails``: clients of an e-mail mailing, whose only mandatory field is the address (IMP-22).
    """
    allowed = {*BASE, *own}
    found = {column: key for column, key in mapping.items() if key != SKIP}
    if any(column < 0 or column >= width or key not in allowed for column, key in found.items()):
        raise BadInput(
            N_("This field does not exist any more. Reload the page."), fields={"mapping": N_("Choose again.")}
        )
    chosen = set(found.values())
    if mails and not chosen & {"email", "org.email"}:
        message = N_("Say which column holds the e-mail address: without it nobody can be written to.")
        raise BadInput(message, fields={"mapping": message})
    if not mails and not chosen & {"first_name", "org.name"}:
        message = N_(
            "Say which column holds the first name, or the organisation's name: without it no card can be made."
        )
        raise BadInput(message, fields={"mapping": message})
    return found
