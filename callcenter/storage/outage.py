"""Tells a database that is away, or locked for too long, from a fault of ours."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# PostgreSQL's classes: connection lost, no resources, takes no connections now, ended or starting by an operator.
_AWAY = ("08", "53", "55", "57")


def is_outage(error: BaseException) -> bool:
    """Whether ``error`` means that the database cannot be used now; trying again later may work."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        # SQLite says «no such table» in the same way; that is our fault.
        return "no such" not in str(error)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = getattr(error, "sqlstate", None)
    if isinstance(error, ConnectionError) or (isinstance(state, str) and state.startswith(_AWAY)):
        return True
    # asyncpg's own errors come wrapped when no connection could be made.
    return error.__cause__ is not None and is_outage(error.__cause__)
