"""Errors that a person may meet. Each carries a code for the API and an English message that is also a gettext key.

``http`` turns them into a page, a toast or ``{"error": {"code", "message"}}`` with the status given here.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ProductError(Exception):
    """Base of all expected errors.

    ``message`` is a gettext key with ``%(name)s`` places filled from ``values``; ``code`` is stable for API users.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values
        self.error_code = code or type(self).code


class BadInput(ProductError):
    """What was sent cannot be used; ``fields`` maps a field's name to its own message (gettext key).

    ``field_values`` fills the places of a field's message, by the field's name.
    """

    status = 422
    code = "bad_input"

    def __init__(
        self,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        field_values: dict[str, dict[str, Any]] | None = None,
        code: str | None = None,
        **values: Any,
    ) -> None:
        super().__init__(message, code=code, **values)
        self.fields = fields or {}
        self.field_values = field_values or {}


class NotSignedIn(ProductError):
    """No valid session or token."""

    status = 401
    code = "not_signed_in"


class Forbidden(ProductError):
    """Signed in, but the role has no such permission."""

    status = 403
    code = "forbidden"


class NotFound(ProductError):
    """No such object in this business (an object of another business is 'not found' too)."""

    status = 404
    code = "not_found"


class Conflict(ProductError):
    """The object is in a state that does not allow this."""

    status = 409
    code = "conflict"


class TooMany(ProductError):
    """A limit was reached; ``retry_after`` seconds tells when to try again."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None, **values: Any) -> None:
        super().__init__(message, code=code, **values)
        self.retry_after = retry_after


class Unavailable(ProductError):
    """Asterisk or the database is away; trying again later may work."""

    status = 503
    code = "unavailable"
