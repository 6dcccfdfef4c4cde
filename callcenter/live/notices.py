"""Short texts that the stream brings to one's own page."""

from __future__ import annotations

from callcenter.core.i18n import N_

CALL_FAILED: dict[str, str] = {
    "busy": N_("The line is busy."),
    "no_answer": N_("Nobody answers."),
    "rejected": N_("The call was declined."),
    "offline": N_("Your phone is not on line. Open the phone page or switch the phone on, then try again."),
    "wrong_number": N_("There is no such number. Check it and try again."),
    "failed": N_("The call could not be put through. Try again later."),
}
