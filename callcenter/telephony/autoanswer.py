"""Phones that answer by themselves (AGD-16): the headers of the INVITE that tell them. Pure."""

from __future__ import annotations

from typing import Literal

AutoAnswer = Literal["", "now", "tone", "ask", "queue", "phone"]
"""Our page answers at once (``now``), after a short tone (``tone``; ``queue`` for a call from a queue), or at once
where the person has just asked for the call there, else it rings (``ask``). ``phone`` is a SIP phone."""

HEADERS: dict[str, tuple[tuple[str, str], ...]] = {
    "now": (("X-Auto", "1"),),
    "tone": (("X-Auto", "tone"),),
    "ask": (("X-Auto", "ask"),),
    "queue": (("X-Auto", "queue"),),
    # The two ways that SIP phones know.
    "phone": (
        ("Call-Info", "<sip:callcenter>;answer-after=0"),
        ("Alert-Info", "<http://callcenter>;info=alert-autoanswer;delay=0"),
    ),
}
