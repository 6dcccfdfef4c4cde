"""Words for versions: their states, what makes one from the tables at once. Pure."""

from __future__ import annotations

from callcenter.core.i18n import N_

APPLYING, APPLIED, FAILED, ROLLED_BACK = "applying", "applied", "failed", "rolled_back"
# ConfigChanged of these means that the tables say how calls are routed; all else (people, phones, members) is live.
# A line to an operator is tried when it is saved and goes live alone.
ROUTING = frozenset({"numbers", "queues", "trunks", "menus", "hours", "routing", "own"})
TRUNKS = "trunks"
STATES: dict[str, str] = {
    APPLYING: N_("Being applied"),
    APPLIED: N_("Applied"),
    FAILED: N_("Not applied"),
    ROLLED_BACK: N_("Rolled back"),
}
DIED = N_("The server ended while this version was being applied; the former one was put back.")
NOT_RENDERED = N_("This cannot be given to Asterisk: %(reason)s")
NOT_WRITTEN = N_("The files cannot be written: %(reason)s")
NOT_READ = N_("Asterisk refuses the configuration: %(reason)s")
NOT_CONFIRMED = N_("Asterisk read the files but works with another configuration: %(reason)s")
CANARY_FAILED = N_("The test call failed: %(reason)s")
FIRST = N_("Made from the settings that were there")
BY_PROGRAM = N_("Changed by a program")
LINES = N_("Lines to operators changed")
NOTES = frozenset({FIRST, BY_PROGRAM, LINES})
SETTING = "routing_at_once"
"""The company's setting: whoever saves applies, when the checks find no fault."""
