"""Puts the tracker's book right after a break, from the whole state of Asterisk."""

from __future__ import annotations

from callcenter.core.calls import Call
from callcenter.telephony import facts as f
from callcenter.telephony.snapshot import ChannelNow, Snapshot
from callcenter.telephony.spies import is_spy
from callcenter.telephony.tracker import learn
from callcenter.telephony.tracker.book import CAUSE_ASTERISK_GONE, CAUSE_UNSEEN, Book
from callcenter.telephony.tracker.model import CallNow, LegNow
from callcenter.telephony.translate import contact, is_phone, is_wire, member, party, queue_of

_SETTLED = ("business", "direction", "from", "to", "number")


def apply(book: Book, snapshot: Snapshot) -> None:
    """Ends what is gone, takes up what is new, and brings bridges, queues, phones and members up to date."""
    alive = {channel.id: channel for channel in snapshot.channels}
    book.wires.clear(set(alive))
    _end_gone(book, snapshot, alive)
    told = {call.id: call for call in snapshot.calls if call.ended_at is None}
    before = {call.id: _key(call) for call in book.calls.values()}
    for channel in snapshot.channels:
        _take_up(book, snapshot, channel, told)
    _bridges(book, snapshot)
    _queues(book, snapshot)
    for call in list(book.calls.values()):
        book.moment(call, snapshot.at)
        book.look(call, None)
        if before.get(call.id) != _key(call):
            book.updated(call, "leg")
    _phones(book, snapshot)
    _members(book, snapshot)


def _key(call: CallNow) -> tuple[object, ...]:
    """What a call looks like, roughly: to tell only changes."""
    legs = tuple((leg.id, leg.answered_at, leg.bridge) for leg in call.legs)
    return legs, call.mode, call.queue_id, call.left_queue_at, call.published


def _end_gone(book: Book, snapshot: Snapshot, alive: dict[str, ChannelNow]) -> None:
    """Legs that are not there any more end now, or at the break when Asterisk itself has been away."""
    down_at = book.down_at
    restarted = snapshot.started_at is not None and snapshot.started_at > (down_at or snapshot.at) - 1.0
    at = down_at if restarted and down_at is not None else snapshot.at
    cause = CAUSE_ASTERISK_GONE if restarted else CAUSE_UNSEEN
    for call in list(book.calls.values()):
        gone = [leg for leg in call.legs if leg.ended_at is None and leg.id not in alive]
        if not gone and call.live > 0:
            continue
        book.moment(call, at)
        for leg in gone:
            leg.ended_at, leg.cause = call.at, cause
            leg.holding = leg.aside = False
            book.unbridge(leg)
            leg.touch()
            del book.legs[leg.id]
            book.ended_legs.add(leg.id)
            call.live -= 1
            book.stop_ringing(leg)
        if call.live <= 0:
            call.hangup_by = "system"
            call.cause = cause
            book.end_call(call, unseen=True)


def _take_up(book: Book, snapshot: Snapshot, now: ChannelNow, told: dict[str, Call]) -> None:
    if not is_phone(now.name) or is_spy(now.id):
        return
    if is_wire(now.name):
        book.wires.touch(now.id)
        return
    channel = f.Channel(now.id, now.name, now.call_id, now.state)
    known = book.legs.get(now.id)
    # A call that is alive has not ended, whatever was believed before.
    book.ended_legs.forget(now.id)
    book.ended_calls.forget(now.call_id)
    if known is None:
        if now.call_id in told and now.call_id not in book.calls:
            restore(book, told[now.call_id], alive_only={one.id for one in snapshot.channels})
            known = book.legs.get(now.id)
        if known is None:
            if (now.exten == f.TAKES_OVER or now.exten.startswith(f.PICKS_UP)) and not now.bridge_id:
                book.taking_over.add(now.id)
            known = book.leg(channel, now.created_at)
            if known is None:
                return
            learn.learn_first(
                book.directory,
                known.call,
                known,
                f.ChannelSeen(
                    now.created_at,
                    channel,
                    True,
                    party(now.caller_number),
                    party(now.caller_name),
                    now.context,
                    now.exten if known.dialled or now.id != now.call_id else _dialled(now),
                ),
            )
    elif known.call.id != now.call_id:
        home = book.calls.get(now.call_id)
        if home is not None:
            book.move_leg(known, home)
    for name, value in now.variables.items():
        book.set_variable(known.call, name.lstrip("_"), value)
    if now.state == 6 and known.answered_at is None:
        known.answered_at = max(known.started_at, known.call.at)
        known.touch()
    elif now.state == 5:
        book.start_ringing(known, real=True)


def _dialled(now: ChannelNow) -> str:
    """What a caller had dialled, if his channel still stands where it began; deep in a menu it says nothing."""
    return now.exten if len(now.exten) > 2 and now.exten.lstrip("+").isdigit() else ""


def restore(book: Book, picture: Call, alive_only: set[str]) -> None:
    """Takes up a call that goes on from its picture in the journal, for a server that was away when it began."""
    call = CallNow(picture.id, picture.started_at, picture.direction)
    for name in (
        "business_id",
        "from_number",
        "from_name",
        "to_number",
        "number_id",
        "trunk_id",
        "queue_id",
        "queued_at",
        "left_queue_at",
        "agent_id",
        "recording",
        "click_to_dial",
        "priority",
        "talk_seconds",
        "hold_seconds",
        "form",
        "form_text",
        "form_at",
        "form_by",
    ):
        setattr(call, name, getattr(picture, name))
    call.settled.update(_SETTLED)
    call.agents, call.rung = list(picture.agents), list(picture.rung)
    call.steps = list(picture.steps)
    call.first_talk_at = picture.answered_at
    call.wait_from = picture.queued_at if picture.queued_at is not None else picture.started_at
    if picture.answered_at is not None and picture.queue_id is not None and picture.queued_at is not None:
        call.answer_queue = (picture.queue_id, picture.queued_at, picture.left_queue_at or picture.answered_at)
    # The picture counts talk and hold up to its own last moment; from there on they are counted here.
    call.at = call.mode_since = max(
        [
            picture.started_at,
            picture.answered_at or 0.0,
            picture.held_at or 0.0,
            *(step.at for step in picture.steps),
            *(leg.ended_at or leg.bridged_at or 0.0 for leg in picture.legs),
        ]
    )
    call.mode = "talk" if picture.state == "talking" else "hold" if picture.state == "held" else None
    call.held_by_phone = call.mode == "hold" and not call.form
    book.calls[call.id] = call
    for one in picture.legs:
        found = learn.party_of(one.channel)
        leg = LegNow(
            one.id,
            one.channel,
            call,
            one.role,
            one.started_at,
            agent_id=one.agent_id if one.agent_id is not None else found.agent_id,
            device=found.device,
            address=one.address,
            dialled=one.id != call.id or call.click_to_dial,
        )
        leg.ringing_at, leg.answered_at, leg.bridged_at = one.ringing_at, one.answered_at, one.bridged_at
        leg.rung = one.ringing_at is not None
        if one.ended_at is not None or one.id not in alive_only:
            leg.ended_at, leg.cause = one.ended_at or call.at, one.cause
            call.legs.append(leg)
        else:
            book.add_leg(leg)


def _bridges(book: Book, snapshot: Snapshot) -> None:
    where: dict[str, tuple[str, bool]] = {}
    for bridge in snapshot.bridges:
        for channel_id in bridge.channels:
            where[channel_id] = (bridge.id, bridge.technology == "holding_bridge")
            book.wires.enter(channel_id, bridge.id)
    for leg in list(book.legs.values()):
        bridge_id, holding = where.get(leg.id, ("", False))
        if leg.bridge != bridge_id:
            book.unbridge(leg)
            if bridge_id:
                book.put_in(leg, bridge_id, holding)
            leg.touch()


def _queues(book: Book, snapshot: Snapshot) -> None:
    waiting = {one.channel_id: one for one in snapshot.waiting}
    for leg in list(book.legs.values()):
        call, one = leg.call, waiting.get(leg.id)
        if one is not None:
            queue_id = queue_of(one.queue)
            if queue_id and (call.queue_id != queue_id or call.queued_at is None or call.left_queue_at is not None):
                call.queue_id, call.queued_at, call.left_queue_at = queue_id, one.joined_at, None
                if call.first_talk_at is None:
                    call.wait_from = one.joined_at
                call.step("queued", queue_id=queue_id)
        elif leg.id == call.id and call.queued_at is not None and call.left_queue_at is None:
            call.left_queue_at = snapshot.at
            call.step("left_queue", queue_id=call.queue_id)


def _phones(book: Book, snapshot: Snapshot) -> None:
    seen = {(one.endpoint, one.uri) for one in snapshot.contacts if one.online}
    known = [(endpoint, uri) for endpoint, contacts in book.people.contacts.items() for uri in list(contacts)]
    for one in snapshot.contacts:
        fact = contact(snapshot.at, one.endpoint, one.uri, one.online, one.user_agent)
        if fact is not None:
            book.contact(fact)
    for endpoint, uri in known:
        if (endpoint, uri) not in seen:
            fact = contact(snapshot.at, endpoint, uri, False)
            if fact is not None:
                book.contact(fact)


def _members(book: Book, snapshot: Snapshot) -> None:
    seen: set[tuple[int, str]] = set()
    for one in snapshot.members:
        fact = member(
            snapshot.at, one.queue, one.interface, paused=one.paused, status=one.status, removed=False,
            penalty=one.penalty,
        )  # fmt: skip
        if fact is not None:
            seen.add((fact.queue_id, fact.interface))
            book.member(fact)
    for key, old in list(book.people.members.items()):
        if key not in seen:
            book.member(
                f.MemberSeen(snapshot.at, old.queue_id, old.agent_id, old.interface, old.paused, True, old.status)
            )
