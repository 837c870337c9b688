"""Writing a row once, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

T = TypeVar("T")

MOST_TRIES: Final = 5
"""Each time somebody else came first: of many at once one is done at each try, and the others see it then."""
_AGAIN: Final = frozenset({"40001", "40P01"})
"""SQLSTATE: could not serialize access; deadlock detected. PostgreSQL took the transaction back to let another pass."""


def settle(engine: Engine, do: Callable[[Connection], T]) -> T:
    """`do` in one transaction; again, seeing what the other wrote, if somebody wrote the same row meanwhile.

    `do` looks for the row before it writes it. No savepoint: SQLite's driver would commit at its release.
    """
    for _ in range(MOST_TRIES - 1):
        try:
            with engine.begin() as connection:
                return do(connection)
        except DBAPIError as error:
            if not (isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) in _AGAIN):
                raise
    with engine.begin() as connection:
        return do(connection)
