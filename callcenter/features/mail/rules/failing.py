"""Why a letter did not go, in plain words. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from callcenter.core.i18n import N_

Kind = Literal[
    "no_host", "no_answer", "closed", "certificate", "no_tls", "no_starttls", "login", "sender", "address", "letter",
    "later", "broken", "no_server", "no_file",
]  # fmt: skip
WORDS: dict[Kind, str] = {
    "no_host": N_("There is no mail server at %(host)s. Check the server's address."),
    "no_answer": N_("The mail server %(host)s does not answer. Check address and port, or try again later."),
    "closed": N_("Nothing listens at port %(port)s of %(host)s. Check the port."),
    "certificate": N_("The certificate of %(host)s is not valid for it. Check the server's address."),
    "no_tls": N_("%(host)s does not speak TLS at port %(port)s. Choose another port or STARTTLS."),
    "no_starttls": N_("%(host)s offers no encryption (STARTTLS) at port %(port)s. Choose TLS and its port."),
    "login": N_("The mail server refuses the user name or the password: %(answer)s"),
    "sender": N_("The mail server lets nobody send from this address: %(answer)s"),
    "address": N_("The mail server refuses the addressee: %(answer)s"),
    "letter": N_("The mail server refuses the letter: %(answer)s"),
    "later": N_("The mail server asks to try again later: %(answer)s"),
    "broken": N_("The connection to %(host)s broke off."),
    "no_server": N_("The mail server of this letter was deleted. Send it anew."),
    "no_file": N_("A file of this letter is not there any more. Send it anew."),
}
# Trying again changes nothing here until somebody changes something.
FINAL: frozenset[Kind] = frozenset(
    ("certificate", "no_tls", "no_starttls", "login", "sender", "address", "letter", "no_server", "no_file")
)


class Failure(NamedTuple):
    """Why a letter did not go; ``answer`` is the mail server's own line."""

    kind: Kind
    host: str = ""
    port: int = 0
    answer: str = ""

    @property
    def final(self) -> bool:
        """Whether another try would fail as well."""
        return self.kind in FINAL

    @property
    def values(self) -> dict[str, str | int]:
        """What fills the places of its words."""
        return {"host": self.host, "port": self.port, "answer": self.answer}


def answer(code: int, text: str) -> str:
    """What a mail server answered, in one line of readable signs."""
    found = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(f"{code} {found}".split())[:200]
