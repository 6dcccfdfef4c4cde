"""The demo's clients: people, their organisations, tags, lists, an own field, and what was written about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.phones import shown
from callcenter.demo import names
from callcenter.demo.world import CLIENTS, SEED, STRANGERS, Demo
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactCounter,
    ContactEvent,
    ContactField,
    ContactList,
    ContactListMember,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.rules import people

TYPES = ("Покупатель", "Партнёр", "Поставщик")
WARMTH = ("Холодный", "Тёплый", "Горячий")
CATEGORIES = ("Встреча", "Замер", "Жалоба")
TAGS = ("Пластиковые окна", "Балкон", "Перезвонить весной", "Рекомендация", "Скидка")
LISTS = ("Постоянные клиенты", "Заявки с сайта")
OBJECTS = ("Квартира", "Дом", "Офис")
COMMENTS = (
    "Просит прислать расчёт на почту.",
    "Замер в субботу после обеда, домофон не работает.",
    "Сравнивает с другой компанией, важен срок.",
    "Доволен монтажом, обещал рассказать соседям.",
    "Нужна рассрочка.",
)


async def add_clients(session: AsyncSession, demo: Demo, now: datetime) -> None:
    """Clients, and strangers: numbers that called without being saved. Each list holds (contact id, number, name).

    The dice that make numbers and names are thrown as the robots throw them; everything else has dice of its own.
    """
    dice, more = Random(SEED), Random(SEED + 1)
    words = await _words(session, demo, now)
    firms: dict[str, Contact] = {}
    seen: set[str] = set()
    while len(seen) < CLIENTS + STRANGERS:
        number = names.mobile(dice)
        if number in seen:
            continue
        seen.add(number)
        contact = Contact(business_id=demo.business_id, demo=True, created_at=now, state="contact", search=number)
        if len(seen) <= CLIENTS:
            _fill(contact, names.client(dice), len(seen), more, demo, words, now)
            if contact.organisation:
                contact.organisation_id = (await _firm(session, firms, contact, more)).id
        session.add(contact)
        await session.flush()
        session.add(ContactPhone(business_id=demo.business_id, contact_id=contact.id, e164=number, typed=shown(number)))
        if contact.saved:
            _attach(session, contact, number, more, words, now)
        (demo.clients if contact.saved else demo.strangers).append((contact.id, number, contact.name))
    session.add(ContactCounter(business_id=demo.business_id, last=CLIENTS + len(firms)))


async def _words(session: AsyncSession, demo: Demo, now: datetime) -> dict[str, list[Any]]:
    """What cards are marked with, by kind."""
    owner = {"business_id": demo.business_id}
    boss = demo.members["admin"]
    found: dict[str, list[Any]] = {
        kind: [ContactChoice(**owner, kind=kind, title=title, position=n) for n, title in enumerate(titles)]
        for kind, titles in (("type", TYPES), ("warmth", WARMTH), ("category", CATEGORIES))
    }
    found["tag"] = [Tag(**owner, title=one, key=one.casefold(), owner_id=boss, created_at=now) for one in TAGS]
    found["list"] = [ContactList(**owner, title=one, created_by=boss, created_at=now) for one in LISTS]
    found["field"] = [
        ContactField(
            **owner,
            entity="person",
            title="Что остекляем",
            type="list",
            options=list(OBJECTS),
            position=50,
            created_at=now,
        )
    ]
    for rows in found.values():
        session.add_all(rows)
    await session.flush()
    found["member"] = [member for name, member in demo.members.items() if name.startswith("operator")]
    return found


def _fill(
    contact: Contact,
    who: names.Client,
    number: int,
    dice: Random,
    demo: Demo,
    words: dict[str, list[Any]],
    now: datetime,
) -> None:
    contact.state, contact.number, contact.name = "client", number, who.name
    contact.first_name, _, contact.last_name = who.name.partition(" ")
    contact.organisation, contact.position, contact.city = who.organisation, who.position, who.city
    contact.sex = "f" if who.name.endswith("а") else "m"
    contact.created_at = now - timedelta(days=dice.uniform(1, 400))
    contact.created_by = demo.members["admin"]
    if dice.random() < 0.7:
        contact.responsible_id = dice.choice(words["member"])
    if dice.random() < 0.8:
        contact.type_id = dice.choices(words["type"], (8, 1, 1))[0].id
        contact.warmth_id = dice.choice(words["warmth"]).id


async def _firm(session: AsyncSession, firms: dict[str, Contact], person: Contact, dice: Random) -> Contact:
    found = firms.get(person.organisation)
    if found is None:
        name = person.organisation
        inn = "77" + "".join(str(dice.randrange(10)) for _ in range(8))
        found = firms[name] = Contact(
            business_id=person.business_id,
            kind="organisation",
            state="client",
            number=CLIENTS + len(firms) + 1,
            name=name,
            name_key=people.sort_key(name),
            inn=inn,
            city=person.city,
            search=people.search_text(name, inn),
            responsible_id=person.responsible_id,
            demo=True,
            created_at=person.created_at,
            created_by=person.created_by,
        )
        session.add(found)
        await session.flush()
    # Nested contacts have no responsible of their own (CON-29).
    person.responsible_id = found.responsible_id
    return found


def _attach(
    session: AsyncSession, contact: Contact, number: str, dice: Random, words: dict[str, list[Any]], now: datetime
) -> None:
    owner: dict[str, Any] = {"business_id": contact.business_id, "contact_id": contact.id}
    mails = []
    if dice.random() < 0.6:
        mails.append(f"client{contact.number}@example.com")
        session.add(ContactChannel(**owner, kind="email", value=mails[0], key=mails[0]))
    for tag in dice.sample(words["tag"], dice.choice((0, 0, 1, 1, 2))):
        session.add(ContactTag(**owner, tag_id=tag.id, added_by=tag.owner_id))
    if dice.random() < 0.3:
        session.add(ContactListMember(**owner, list_id=dice.choice(words["list"]).id))
    if dice.random() < 0.5:
        what = dice.choice(OBJECTS)
        session.add(ContactValue(**owner, field_id=words["field"][0].id, text=what, key=what.casefold()))
    if dice.random() < 0.4:
        at = now - timedelta(days=dice.uniform(0, 30))
        author = contact.responsible_id or contact.created_by
        session.add(ContactEvent(**owner, kind="comment", at=at, author_id=author, text=dice.choice(COMMENTS), data={}))
    contact.name_key = people.sort_key(contact.name)
    contact.search = people.search_text(
        contact.name, contact.position, contact.organisation, phones=[number], emails=mails
    )
