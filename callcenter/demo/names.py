"""Names for the demo's people and clients. Data, not interface text."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_MALE = (
    "Игорь Павел Руслан Олег Максим Степан Тимур Юрий Кирилл Марат Артём Глеб Роман Денис Антон Егор Лев Фёдор"
).split()
_FEMALE = (
    "Анна Марина Ирина Светлана Вера Алина Елена Нина Ксения Лидия Дарья Полина Татьяна Ольга Юлия Софья Мария Зоя"
).split()
_SURNAMES = (
    "Соколов Климов Белов Ильин Асадов Кузьмин Рогов Фомин Соболев Гусев Лыков Котов Чернов Рябов Панин Ершов Орлов "
    "Носов Зимин Юсупов Дёмин Лаптев Дроздов Миронов Кравцов Юдин Громов Власов Тарасов Жуков Седов Быков Логинов"
).split()
_FIRMS = "Север-Монтаж Тёплый-Дом Окна-Профи Вектор Альтаир Меридиан Стройлес Гранит Пульс Маяк Росток Азимут".split()
_POSITIONS = ("директор", "бухгалтер", "снабженец", "менеджер", "прораб", "")
# Area codes of mobile operators; the numbers behind them are made up.
_MOBILE = ("903", "905", "910", "912", "915", "917", "922", "926", "951", "963", "967", "977", "985", "999")
_CITIES = ("Москва", "Екатеринбург", "Тюмень", "Казань", "Самара", "Тверь", "Пермь", "Уфа", "Омск", "Томск")

PEOPLE: tuple[tuple[str, str, str], ...] = (
    ("admin@demo.example", "Ольга Власова", "administrator"),
    ("supervisor@demo.example", "Виктор Громов", "supervisor"),
    ("operator1@demo.example", "Анна Климова", "operator"),
    ("operator2@demo.example", "Игорь Белов", "operator"),
    ("operator3@demo.example", "Светлана Ильина", "operator"),
    ("operator4@demo.example", "Тимур Асадов", "operator"),
    ("operator5@demo.example", "Вера Кузьмина", "operator"),
    ("operator6@demo.example", "Максим Рогов", "operator"),
    ("operator7@demo.example", "Алина Фомина", "operator"),
    ("operator8@demo.example", "Юрий Соболев", "operator"),
)


@dataclass(frozen=True)
class Client:
    """Who stands behind a number."""

    name: str
    organisation: str
    position: str
    city: str


def client(dice: Random) -> Client:
    """A client; always the same one for the same dice, so that the robots know the numbers that the seed made."""
    name, company = person(dice), firm(dice)
    return Client(name, company, position(dice) if company else "", city(dice))


def person(dice: Random) -> str:
    """A first and a last name."""
    surname = dice.choice(_SURNAMES)
    return f"{dice.choice(_FEMALE)} {surname}а" if dice.random() < 0.5 else f"{dice.choice(_MALE)} {surname}"


def firm(dice: Random) -> str:
    """A company's name, or '' for a private person."""
    return f"ООО «{dice.choice(_FIRMS)}»" if dice.random() < 0.3 else ""


def position(dice: Random) -> str:
    """A position in a company."""
    return dice.choice(_POSITIONS)


def city(dice: Random) -> str:
    """A city."""
    return dice.choice(_CITIES)


def mobile(dice: Random) -> str:
    """A Russian mobile number in E.164."""
    return f"+7{dice.choice(_MOBILE)}{dice.randrange(1_000_000, 9_999_999)}"
