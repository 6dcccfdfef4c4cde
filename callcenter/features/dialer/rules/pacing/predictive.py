"""Predictive: places a call while its chance of an abandoned person is worth it. Pure."""

from __future__ import annotations

import math

from callcenter.features.dialer.rules.pacing.answers import Answers
from callcenter.features.dialer.rules.pacing.baselines import in_flight
from callcenter.features.dialer.rules.pacing.freeing import Freeing
from callcenter.features.dialer.rules.pacing.odds import Coins, Exact, Normal, Outlook
from callcenter.features.dialer.rules.pacing.price import Price
from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, Seen, Setting

HORIZONS = (3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 22.0, 27.0)
"""Seconds from now at which the floor is foreseen."""
GRACE = 1.0
"""The part of the waiting time in which an agent who becomes free still meets the person."""
SMALL = 15
"""Up to so many agents the odds are worked out exactly."""
LEARN, KEEP = 120.0, 0.995
"""Seconds from one working out of the curves to the next, and what the past counts after that."""
CAUTIOUS = 30
"""So many calls have to have come to something before more are placed than agents are ready: until then nobody knows
how willing the people of this list are to answer."""
LEARNING = 1800.0
"""Seconds after which the account is settled."""


class Predictive:
    """The pacer of production."""

    def __init__(self, setting: Setting) -> None:
        self._answers = Answers(HORIZONS, memory=memory_of(setting.agents))
        self._freeing = Freeing([horizon + GRACE * setting.drop_after for horizon in HORIZONS])
        self.price = Price(setting.cap, setting.agents, setting.cap * setting.persons - setting.abandoned)
        self._now: float | None = None
        self._began = self._learnt = 0.0
        self._settled = False
        self._resting = 0
        self._known = setting.persons
        self.resize(setting.agents)

    def resize(self, agents: int) -> None:
        """So many agents take part from now on; what was learnt and the account stay."""
        self._outlook = Exact if agents <= SMALL else Normal
        # On a large floor there is always something new: it is looked at about once a second.
        self._rest = min(0.9, agents / 100)
        self._answers.resize(memory_of(agents))
        self.price.resize(agents)

    def place(self, seen: Seen) -> int:
        """How many calls to place now."""
        self._hear(seen)
        if self._now is not None and 0 <= seen.now - self._now < self._rest:
            return 0
        resting, gone = seen.state.count(BREAK), seen.state.count(OUT)
        self._pass(seen, resting, gone)
        if seen.trunk_free <= 0 or resting + gone == len(seen.state):
            return 0
        ready, busy = self._freeing.coins(seen)
        if self.price.spent or self._known < CAUTIOUS:
            return max(0, min(ready - in_flight(seen), seen.trunk_free))
        calls, fresh = self._answers.coins(seen), self._answers.fresh
        if ready:
            calls.append(Coins(ready, self._freeing.leaving()))
        outlook = self._outlook(ready - 0.5 * len(seen.waiting), busy, calls, fresh)
        return within(outlook, self.price.risk, seen.trunk_free)

    def _hear(self, seen: Seen) -> None:
        answers, freeing, price = self._answers, self._freeing, self.price
        for at, kind, who, data in seen.events:
            if kind == "placed":
                answers.placed(who, at)
            elif kind == "pickup":
                answers.picked_up(who, at)
            elif kind == "answer":
                answers.answered(who, at)
                price.passed_on()
                self._known += 1
            elif kind == "end":
                answers.ended(who, at)
                self._known += 1
            elif kind in ("drop", "hangup"):
                if not answers.ended(who, at):
                    price.abandoned()
            elif kind == "talk_end" and isinstance(data, int | float):
                freeing.talked(data)
            elif kind == "wrap_end" and isinstance(data, int | float):
                freeing.wrapped_up(data)
            elif kind in ("agent_break", "agent_out"):
                freeing.left()
                self._resting += kind == "agent_break"

    def _pass(self, seen: Seen, resting: int, gone: int) -> None:
        """Time goes by: what was to be expected in it, and now and then what is learnt of it."""
        if self._now is None:
            self._began = self._now = self._learnt = seen.now
        seconds = max(seen.now - self._now, 0.0)
        self._now = seen.now
        self._freeing.returned(max(self._resting - resting, 0))
        self._resting = resting
        self._freeing.passed(seconds, len(seen.state) - resting - gone, resting)
        self._answers.passed(seconds, seen)
        if not self._settled and seen.now - self._began >= LEARNING:
            self._settled = True
            self.price.settle()
        if seen.now - self._learnt >= LEARN:
            self._learnt = seen.now
            for curves in (self._answers, self._freeing):
                curves.learn()
                curves.forget(KEEP)


def memory_of(agents: int) -> float:
    """How many answers tell how willing people are just now, on a floor of so many agents."""
    return 50.0 * math.sqrt(max(agents, 1) / 20.0)


def within(outlook: Outlook, risk: float, most: int) -> int:
    """How many calls can be placed one after the other before the next one's chance of an abandon passes ``risk``."""
    count = 0
    while count < most and outlook.risk() <= risk:
        outlook.place()
        count += 1
    return count
