"""The floor of a list with a team: its agents and its calls, what happened, and who takes whom. Pure.

All times are seconds of one clock (epoch).
"""

from __future__ import annotations

from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, READY, TALK, WRAP, Event, Id, Pacer, Seen

STATES = {"ready": READY, "ringing": TALK, "talking": TALK, "wrapup": WRAP, "paused": BREAK, "offline": OUT}
"""An agent's state in live as the pacers see it."""
SOON = 3.0
"""So long an agent who was given a client may still look ready."""


class Floor:
    """Keeps ``state`` and ``since`` by places of agents, and calls by their stage."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.places: dict[int, int] = {}
        self.state: list[int] = []
        self.since: list[float] = []
        self.dialing: dict[Id, float] = {}
        self.in_amd: dict[Id, float] = {}
        self.waiting: dict[Id, float] = {}
        self.talking: dict[Id, int] = {}
        self._given: dict[int, tuple[str, float]] = {}
        self._events: list[Event] = []
        self._now = 0.0

    # --- agents

    def agent(self, agent_id: int, state: int, at: float) -> None:
        """An agent is in a state from ``at`` on; who was just given a client is not ready, whatever he looks like."""
        given = self._given.get(agent_id)
        if given is not None:
            call, since = given
            if state == READY and call in self.talking and at - since < SOON:
                return
            del self._given[agent_id]
        self._turn(agent_id, state, at)

    def _turn(self, agent_id: int, state: int, at: float) -> None:
        place = self.places.get(agent_id)
        if place is None:
            place = self.places[agent_id] = len(self.state)
            self.state.append(OUT)
            self.since.append(at)
        before, lasted = self.state[place], max(0.0, at - self.since[place])
        if before == state:
            return
        self.state[place], self.since[place] = state, at
        if before == TALK:
            self._tell(at, "talk_end", place, lasted)
        elif before == WRAP:
            self._tell(at, "wrap_end", place, lasted)
        if state in (BREAK, OUT):
            self._tell(at, "agent_break" if state == BREAK else "agent_out", place)

    def gone(self, agent_id: int, at: float) -> None:
        """An agent has left the team."""
        if agent_id in self.places:
            self._given.pop(agent_id, None)
            self._turn(agent_id, OUT, at)

    def state_of(self, agent_id: int) -> int:
        """What an agent does."""
        place = self.places.get(agent_id)
        return OUT if place is None else self.state[place]

    @property
    def ready(self) -> list[int]:
        """The agents who are ready, who has been so for longest first."""
        free = [(self.since[place], agent) for agent, place in self.places.items() if self.state[place] == READY]
        return [agent for _, agent in sorted(free)]

    @property
    def in_flight(self) -> int:
        """Calls that may still want an agent."""
        return len(self.dialing) + len(self.in_amd) + len(self.waiting)

    # --- calls

    def placed(self, call: str, at: float) -> None:
        """A client is called."""
        self.dialing[call] = at
        self._tell(at, "placed", call)

    def picked_up(self, call: str, at: float) -> None:
        """Somebody, or something, has answered."""
        if self.dialing.pop(call, None) is not None:
            self.in_amd[call] = at
            self._tell(at, "pickup", call)

    def person(self, call: str, at: float) -> None:
        """It is a person: he waits for an agent. Told again, the agent whom he was given to was not there."""
        if call in self.waiting:
            return
        if call in self.talking:
            self._given.pop(self.talking.pop(call), None)
            self.waiting[call] = at
            return
        self.picked_up(call, at)
        if self.in_amd.pop(call, None) is not None:
            self.waiting[call] = at
            self._tell(at, "answer", call)

    def give(self, at: float) -> tuple[str, int] | None:
        """Who has waited for longest and the agent who takes him, while there are both; he is given away by that."""
        free = self.ready
        if not self.waiting or not free:
            return None
        call, agent_id = str(next(iter(self.waiting))), free[0]
        del self.waiting[call]
        self.talking[call] = agent_id
        self._turn(agent_id, TALK, at)
        self._given[agent_id] = (call, at)
        self._tell(at, "connect", call, agent_id)
        return call, agent_id

    def dropped(self, call: str, at: float) -> None:
        """Nobody came for him in time."""
        if self.waiting.pop(call, None) is not None:
            self._tell(at, "drop", call)

    def ended(self, call: str, at: float, kind: str) -> None:
        """A call is over, as ``kind``: machine, noanswer or fail."""
        if self.waiting.pop(call, None) is not None:
            self._tell(at, "hangup", call)
        elif call in self.dialing or call in self.in_amd:
            self.dialing.pop(call, None)
            self.in_amd.pop(call, None)
            self._tell(at, "end", call, kind)
        self.talking.pop(call, None)

    # --- the pacer

    def wanted(self, now: float, lines: int) -> int:
        """How many calls the pacer would place now on so many free lines."""
        self._now = max(self._now, now)
        events, self._events = self._events, []
        return self.pacer.place(
            Seen(self._now, self.state, self.since, self.dialing, self.in_amd, self.waiting, lines, events)
        )

    def _tell(self, at: float, kind: str, who: Id, data: object = None) -> None:
        self._events.append((at, kind, who, data))
