"""The demo's scripts and its questionnaire, and how some of the past talks ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.demo.world import Demo
from callcenter.features.calls.models import CallRecord
from callcenter.features.questionnaires.models import Filled, Question, Questionnaire, Work
from callcenter.features.questionnaires.rules import Answer, Option
from callcenter.features.scripts.models import Script, ScriptNumber, ScriptOutcome, ScriptResult

_INCOMING = """
<p>Здравствуйте! Компания «Тёплый дом», меня зовут … . Как я могу к вам обращаться?</p>
<p>Что вас интересует: <a href="#Замер">замер</a> <a href="#Цена">цена</a> <a href="#Ремонт">ремонт окон</a></p>
<h3 data-anchor="Замер">Замер</h3>
<p>Замерщик приедет <b>бесплатно</b>, в удобный день с 9 до 20. Назовите, пожалуйста, адрес и телефон для связи.</p>
<p>Клиент сомневается: <a href="#Цена">рассказать о цене</a></p>
<h3 data-anchor="Цена">Цена</h3>
<ul><li>Обычное окно с установкой: от 18 500 ₽.</li><li>Рассрочка на 10 месяцев без переплаты.</li></ul>
<p>Точную цену скажет замерщик: <a href="#Замер">записать на замер</a></p>
<h3 data-anchor="Ремонт">Ремонт окон</h3>
<p>Спросите, что случилось: дует, не закрывается, разбито стекло. Мастер приедет завтра, выезд 900 ₽.</p>
"""
_OUTGOING = """
<p>Здравствуйте! Это … из компании «Тёплый дом». Мы ставили вам окна и готовим их к зиме. Удобно говорить?</p>
<p>Ответ: <a href="#Да">да</a> <a href="#Позже">позже</a> <a href="#Нет">нет</a></p>
<h3 data-anchor="Да">Да, удобно</h3>
<p>До конца месяца осмотр бесплатный: мастер смажет механизмы и проверит уплотнение. Задайте вопросы <b>анкеты</b>.</p>
<h3 data-anchor="Позже">Позже</h3>
<p>Спросите, когда перезвонить, и отметьте итог «Перезвонить позже».</p>
<h3 data-anchor="Нет">Не интересно</h3>
<p>Поблагодарите за разговор. Если просят больше не звонить, выберите «Больше не звонить».</p>
"""
_OUTCOMES = (
    ("Записан на осмотр", "", "success"),
    ("Перезвонить позже", "Спросите, в какое время", "call_back"),
    ("Отказ", "", "refusal"),
    ("Неверный номер", "", "wrong_number"),
    ("Больше не звонить", "Только если попросил сам", "do_not_call"),
)
_FROM_CALLERS = (
    ("Записан на замер", "Адрес и день есть в карточке", "success"),
    ("Думает", "Перезвонить через три дня", "call_back"),
    ("Ремонт", "Заявка передана мастеру", "success"),
    ("Отказ", "", "refusal"),
    ("Не по теме", "", "none"),
)
_SOURCES = ("Посоветовали знакомые", "Реклама в интернете", "Вывеска", "Уже заказывал у вас")
_WISHES = ("Окна", "Балкон", "Двери", "Ремонт")


async def add_talks(session: AsyncSession, demo: Demo, now: datetime) -> None:
    """Adds a script for callers of the sales line, one for calls out with a questionnaire, and some results."""
    owner = {"business_id": demo.business_id}
    asked = Questionnaire(
        **owner, name="Качество окон", intro="Несколько вопросов, это займёт минуту.", created_at=now, changed_at=now
    )  # fmt: skip
    session.add(asked)
    await session.flush()
    questions = [
        Question(**owner, questionnaire_id=asked.id, position=place, kind=kind, title=title, mandatory=must, **more)
        for place, (kind, title, must, more) in enumerate(_questions())
    ]
    session.add_all(questions)
    incoming = Script(**owner, name="Заявка с сайта и рекламы", kind="in", text=_INCOMING.strip(), **_at(now))
    outgoing = Script(**owner, name="Осмотр окон", kind="out", text=_OUTGOING.strip(), **_at(now))
    outgoing.questionnaire_id = asked.id
    session.add_all([incoming, outgoing])
    await session.flush()
    session.add(ScriptNumber(**owner, script_id=incoming.id, number_id=demo.numbers["sales"]))
    ends: dict[str, list[ScriptOutcome]] = {}
    for script, outcomes in ((incoming, _FROM_CALLERS), (outgoing, _OUTCOMES)):
        ends[script.kind] = [
            ScriptOutcome(**owner, script_id=script.id, position=place, title=title, comment=comment, kind=kind)
            for place, (title, comment, kind) in enumerate(outcomes)
        ]
        session.add_all(ends[script.kind])
    await session.flush()
    await _past(session, demo, ends, outgoing, questions, now)


def _at(now: datetime) -> dict[str, datetime]:
    return {"created_at": now, "changed_at": now}


def _questions() -> list[tuple[str, str, bool, dict[str, object]]]:
    def options(titles: tuple[str, ...]) -> dict[str, object]:
        return {"options": [msgspec.to_builtins(Option(key=n, title=title)) for n, title in enumerate(titles, 1)]}

    return [
        ("scale", "Насколько вы довольны окнами?", True, {"most": 5}),
        ("yesno", "Дует ли из окон зимой?", True, {}),
        ("one", "Откуда вы о нас узнали?", False, options(_SOURCES)),
        ("many", "Что планируете заменить в этом году?", False, options(_WISHES)),
        ("number", "Сколько окон в квартире?", False, {}),
        ("text", "Что нам улучшить?", False, {}),
    ]


async def _past(
    session: AsyncSession, demo: Demo, ends: dict[str, list[ScriptOutcome]], outgoing: Script,
    questions: list[Question], now: datetime,
) -> None:  # fmt: skip
    dice, owner = Random(11), {"business_id": demo.business_id}
    statement = (
        select(CallRecord)
        .where(CallRecord.business_id == demo.business_id, CallRecord.result == "answered")
        .where(CallRecord.started_at > now - timedelta(days=7), CallRecord.agent_id.is_not(None))
        .order_by(CallRecord.started_at)
    )
    for call in await session.scalars(statement):
        if call.direction == "in" and call.number_id != demo.numbers["sales"]:
            continue
        end = dice.choice(ends[call.direction])
        at = call.ended_at or call.started_at
        about = {"agent_id": call.agent_id, "contact_id": call.contact_id}
        session.add(ScriptResult(**owner, **about, call_id=call.id, script_id=end.script_id, outcome_id=end.id, at=at))
        if call.direction == "out" and dice.random() < 0.6:
            given = _answers(dice, questions)
            filled = Filled(
                **owner, **about, questionnaire_id=questions[0].questionnaire_id, script_id=outgoing.id,
                state="done" if given else "refused", answers=msgspec.to_builtins(given),
                began_at=call.started_at, changed_at=at,
            )  # fmt: skip
            session.add(filled)
            await session.flush()
            session.add(Work(**owner, filled_id=filled.id, call_id=call.id, agent_id=call.agent_id, at=at))
    await session.flush()


def _answers(dice: Random, questions: list[Question]) -> list[Answer]:
    if dice.random() < 0.2:
        return []
    mark, wind, source = dice.choice((3, 4, 4, 5, 5, 5)), dice.random() < 0.3, dice.randrange(len(_SOURCES))
    wishes = sorted(dice.sample(range(len(_WISHES)), k=dice.choice((1, 1, 2))))
    said: list[tuple[object, str]] = [
        (mark, str(mark)),
        (wind, "Yes" if wind else "No"),
        (source + 1, _SOURCES[source]),
        ([n + 1 for n in wishes], "; ".join(_WISHES[n] for n in wishes)),
    ]
    return [
        Answer(id=question.id, kind=question.kind, question=question.title, value=value, said=words)  # type: ignore[arg-type]
        for question, (value, words) in zip(questions, said, strict=False)
    ]
