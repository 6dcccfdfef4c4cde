"""How much risk of an abandoned person is worth it: a price that follows the list's account. Pure."""

from __future__ import annotations

import math

USUAL = 0.032
"""The chance of an abandon that one more call may have at first, while the account holds its reserve."""
LEAST, MOST = 0.002, 0.3
FULL = 20
"""From so many agents on every single day stays under the cap."""
EDGE = 1.8
"""So near to nothing the account makes the brakes come on: a third of the risk for each person less …"""
LAST = 2.2
"""… and so far below that, only calls are placed that nobody can be abandoned by."""

OWED = 4.0
"""So many abandoned persons more than the last 30 days allowed are a swing; what is beyond them is worked off first."""

AN_HOUR = 27.0
"""Persons that an agent talks to in about an hour …"""
HOURLY = 1.35
"""… of whom so many times the cap may be abandoned before the brakes come on."""


class Price:
    """What one more call may risk.

    The account gets ``cap`` for each person, and gives 1 for each who was abandoned. As it stands above or below a
    reserve the price rises or falls, so that in the end it stays there: the realised share lies just under the cap.
    What is usual follows slowly. When nothing is left, `spent` says so. The account begins with the debt of the last 30
    days, or with nothing.
    """

    def __init__(self, cap: float, agents: int, account: float = 0.0) -> None:
        self._cap = cap
        self._lately = 0.0
        self._usual = 0.0
        self._earned = 0.0
        self.account = min(account, 0.0)
        self._owed = max(-self.account - OWED, 0.0)
        self.resize(agents)

    def resize(self, agents: int) -> None:
        """The floor has so many agents from now on; what is in the account stays."""
        # How far the account swings by chance is much of what a small floor earns in a day: from there on down to one
        # agent the ledger of 30 days is what is kept, and a day may end below nothing. A price that follows each swing
        # wastes occupancy, so it follows slower; most at ten agents, who have the people to come back to the cap by.
        small = max(0.0, 1 - agents / FULL)
        calm = 4 * small * (1 - small)
        self._slow = min(3.0 + 0.5 * agents, 30.0) * (1 + 2 * calm)
        # On a large one they come in bursts.
        swing = math.sqrt(self._slow / 2 * (1 + max(agents - FULL, 0) / 75))
        self._reserve = 2.2 * swing * (1 - small) ** 6
        self._lowest = EDGE - 4.8 * small - 10 * calm
        self._hourly = HOURLY + 1.3 * small
        self._hour = AN_HOUR * max(agents, FULL)

    def passed_on(self) -> None:
        """A call was passed on as a person."""
        self.account += self._cap
        self._earned += self._cap
        if self.account >= 0:
            self._owed = 0.0
        self._lately *= 1 - 1 / self._hour
        # A second, slower correction, with the weight that just does not swing.
        usual = self._usual + self._cap * (self.account - self._reserve) / (4 * self._slow**2)
        self._usual = min(max(usual, -1.0), 1.0)

    def abandoned(self) -> None:
        """One of them met no agent."""
        self.account -= 1
        self._lately += 1

    def settle(self) -> None:
        """What was saved while the curves were being learnt is not spent later: no part of a day passes the cap."""
        self.account = min(self.account, 0.0)
        self._earned = 0.0

    @property
    def _edge(self) -> float:
        return min(self._lowest + self._owed, EDGE)

    @property
    def risk(self) -> float:
        """The largest chance of an abandon that one more call may bring."""
        above = (self.account - self._reserve) / self._slow
        brakes = min(self.account - self._edge, 0.0)
        # An hour may be worse than the day, but not by much.
        brakes -= 8 * max(self._lately / (self._hourly * self._cap * self._hour) - 1, 0.0)
        return min(max(USUAL * math.exp(self._usual + above + brakes), LEAST), MOST)

    @property
    def spent(self) -> bool:
        """Whether only calls may be placed that nobody can be abandoned by: one for each ready agent.

        Chance alone makes the account swing: before twice the reserve was earned it may fall farther.
        """
        last = self._edge - LAST
        return self.account < (last if self._earned > 2 * self._reserve else min(last, -self._reserve))
