"""Writing a row once, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

T = TypeVar("T")


def settle(engine: Engine, do: Callable[[Connection], T]) -> T:
    """`do` in one transaction; once more, seeing what the other wrote, if somebody wrote the same row meanwhile.

    `do` looks for the row before it writes it. No savepoint: SQLite's driver would commit at its release.
    """
    try:
        with engine.begin() as connection:
            return do(connection)
    except IntegrityError:
        with engine.begin() as connection:
            return do(connection)
