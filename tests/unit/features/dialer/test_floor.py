"""The floor of a list with a team: what the pacer is shown, and who takes whom."""

from __future__ import annotations

from callcenter.core.calls import Call, Leg, Step
from callcenter.features.dialer.rules import outcomes
from callcenter.features.dialer.rules.floor import SOON, Floor
from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, READY, TALK, WRAP, Seen


class Shown:
    """A pacer that only keeps what it was shown."""

    def __init__(self) -> None:
        self.looks: list[Seen] = []

    def place(self, seen: Seen) -> int:
        self.looks.append(seen)
        return 0

    @property
    def told(self) -> list[tuple[str, object]]:
        return [(kind, who) for look in self.looks for _, kind, who, _ in look.events]


def floor_of(*agents: int) -> tuple[Floor, Shown]:
    shown = Shown()
    floor = Floor(shown)
    for n, agent in enumerate(agents):
        floor.agent(agent, READY, float(n))
    return floor, shown


def test_a_call_is_told_from_its_beginning_to_its_end() -> None:
    floor, shown = floor_of(11)
    floor.placed("p1", 10)
    floor.picked_up("p1", 15)
    floor.picked_up("p1", 16)
    floor.person("p1", 17)
    assert floor.give(17) == ("p1", 11)
    floor.agent(11, TALK, 18)
    floor.ended("p1", 40, "noanswer")
    floor.agent(11, WRAP, 40)
    floor.agent(11, READY, 50)
    floor.agent(11, BREAK, 60)
    floor.wanted(61, 5)
    assert shown.told == [
        ("placed", "p1"), ("pickup", "p1"), ("answer", "p1"), ("connect", "p1"), ("talk_end", 0), ("wrap_end", 0),
        ("agent_break", 0),
    ]  # fmt: skip
    lasted = {kind: data for _, kind, _, data in shown.looks[0].events}
    assert (lasted["talk_end"], lasted["wrap_end"]) == (23, 10)
    # Nothing is told twice, and time never goes back.
    floor.wanted(60, 5)
    assert (shown.looks[1].events, shown.looks[1].now) == ([], 61)


def test_who_has_been_ready_for_longest_takes_who_has_waited_for_longest() -> None:
    floor, _ = floor_of(11, 12)
    for n, call in enumerate(("p1", "p2", "p3")):
        floor.placed(call, 10)
        floor.person(call, 20 + n)
    assert [floor.give(25), floor.give(25), floor.give(25)] == [("p1", 11), ("p2", 12), None]
    # He still looks ready for a moment, but he is not; after that moment he is believed.
    floor.agent(11, READY, 25.5)
    assert (floor.ready, floor.in_flight) == ([], 1)
    floor.agent(11, READY, 25 + SOON + 1)
    assert floor.give(30) == ("p3", 11)


def test_an_agent_who_was_not_there_gives_the_person_back() -> None:
    floor, shown = floor_of(11, 12)
    floor.placed("p1", 10)
    floor.person("p1", 20)
    assert floor.give(20) == ("p1", 11)
    floor.agent(11, OUT, 20.1)
    floor.person("p1", 20.2)
    assert floor.give(20.2) == ("p1", 12)
    floor.wanted(21, 5)
    # It is one person for the ledger of the pacer.
    assert [kind for kind, who in shown.told if kind == "answer"] == ["answer"]


def test_who_is_dropped_and_who_hangs_up_before_are_told_apart() -> None:
    floor, shown = floor_of()
    for call in ("p1", "p2", "p3"):
        floor.placed(call, 10)
    floor.person("p1", 20)
    floor.dropped("p1", 22)
    floor.ended("p1", 25, "noanswer")
    floor.person("p2", 20)
    floor.ended("p2", 21, "noanswer")
    floor.ended("p3", 30, "fail")
    floor.wanted(31, 5)
    assert [kind for kind, _ in shown.told if kind in ("drop", "hangup", "end")] == ["drop", "hangup", "end"]
    assert floor.in_flight == 0
    floor.agent(11, READY, 40)
    floor.gone(11, 41)
    assert (floor.ready, floor.state_of(11), floor.state_of(99)) == ([], OUT, OUT)


def test_what_a_call_came_to_is_read_from_its_story() -> None:
    def over(result: str, *told: str, answered: bool = True, cause: int = 16) -> str:
        leg = Leg(
            id="p1772442000000.1abcdef0", channel="PJSIP/t1-1", role="client", state="ended", started_at=1.0,
            ringing_at=2.0, answered_at=3.0 if answered else None, ended_at=9.0, cause=cause,
        )  # fmt: skip
        steps = tuple(Step(at=4.0 + n, kind=kind) for n, kind in enumerate(told))
        call = Call(
            id=leg.id, business_id=1, direction="out", state="ended", started_at=1.0, result=result, legs=(leg,),
            steps=steps,
        )  # type: ignore[arg-type] # fmt: skip
        assert outcomes.person_at(call) == (4.0 if "person" in told else None)
        return outcomes.outcome(call)

    assert over("answered", "person") == outcomes.ANSWERED
    assert over("cancelled", "person", "dropped") == over("cancelled", "person") == outcomes.ABANDONED
    assert over("cancelled", "machine", "left") == outcomes.MACHINE
    assert over("cancelled") == outcomes.HUNG_UP
    assert over("no_answer", answered=False, cause=19) == outcomes.NO_ANSWER
    assert over("busy", answered=False, cause=17) == outcomes.BUSY
    assert over("failed", answered=False, cause=1) == outcomes.WRONG_NUMBER
    # Hung up at once counts as not answered where it is to be tried again.
    assert outcomes.verdict(outcomes.HUNG_UP, 0, 0, 1, {"no_answer": [300, 1]}, outcomes.datetime.min).state == "later"
