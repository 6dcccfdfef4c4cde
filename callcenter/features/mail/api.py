"""The door to e-mail for other features: the service's own letters, letters to clients, and the files that go along."""

from __future__ import annotations

from callcenter.features.mail.gateway.postman import Postman
from callcenter.features.mail.models import MailFile, MailServer, SentLetter
from callcenter.features.mail.queries import files as files_by_id
from callcenter.features.mail.queries import held, of_call, server, servers
from callcenter.features.mail.rules import content, tags
from callcenter.features.mail.rules.message import Attached, Letter
from callcenter.features.mail.usecases.addressing import Choice as AddressChoice
from callcenter.features.mail.usecases.addressing import choices as addresses
from callcenter.features.mail.usecases.addressing import seen as client
from callcenter.features.mail.usecases.files import hold, usable
from callcenter.features.mail.usecases.letters import LetterForm, Template, write
from callcenter.features.mail.usecases.servers import User, add_user
from callcenter.plugin import Services

__all__ = [
    "AddressChoice", "Attached", "Letter", "LetterForm", "MailFile", "MailServer", "SentLetter", "Template", "User",
    "add_user", "addresses", "client", "content", "files_by_id", "held", "hold", "of_call", "post", "server", "servers",
    "tags", "usable", "works", "write",
]  # fmt: skip


def works(services: Services) -> bool:
    """Whether the service itself can send e-mail (CALLCENTER_SMTP_HOST)."""
    return services.part(Postman, Postman).works


def post(services: Services, letter: Letter) -> bool:
    """Sends a letter of the service itself in the background; False when that is not set up."""
    return services.part(Postman, Postman).post(letter)
