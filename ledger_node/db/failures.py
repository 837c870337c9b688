"""What a database does not do, in our words: callers outside know no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from carbonledger.errors import CarbonLedgerError


class DatabaseFailed(CarbonLedgerError):
    """The database did not do what was asked of it; asking again may help."""


@contextmanager
def failures() -> Iterator[None]:
    """SQLAlchemy's errors come out as `DatabaseFailed`, with the driver's reason."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()
        raise DatabaseFailed(
            "the database failed",
            found=(reason[0] if reason else type(error).__name__)[:300],
            remedy="If a table or column is missing, run `python -m ledger_node migrate`",
        ) from error
