"""The door to e-mail for other features."""

from __future__ import annotations

from callcenter.features.mail.gateway import Postman
from callcenter.features.mail.rules import Attached, Letter
from callcenter.plugin import Services

__all__ = ["Attached", "Letter", "post", "works"]


def works(services: Services) -> bool:
    """Whether e-mail is set up on this server."""
    return services.part(Postman, Postman).works


def post(services: Services, letter: Letter) -> bool:
    """Sends a letter in the background; False when e-mail is not set up."""
    return services.part(Postman, Postman).post(letter)
