"""Follow the chain: one turn takes in what is new, and says how long to wait for the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from carbonledger.errors import CarbonLedgerError, Invalid
from ledger_node.chain.errors import ChainError, WrongChain
from ledger_node.chain.interface import Chain
from ledger_node.db.failures import DatabaseFailed
from ledger_node.db.view import View

LONGEST_WAIT_S: Final = 60.0


class Journal(Protocol):
    """Where events are told; structlog's loggers are such."""

    def info(self, event: str, **values: object) -> object: ...

    def warning(self, event: str, **values: object) -> object: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How the follower stands: blocks, the newest block's age in seconds, and what an operator must hear of.

    `at` is the last block in the view (-1 before the first); `failures` counts failed turns in a row.
    """

    at: int = -1
    head: int = -1
    head_age_s: int = 0
    head_is_old: bool = False
    failures: int = 0
    error: str = ""
    turns: int = 0
    taken_back: int = 0

    @property
    def alarms(self) -> dict[str, str]:
        """Alarm name → one sentence."""
        found = {}
        if self.head_is_old:
            found["head_age"] = f"the newest block is {self.head_age_s} s old"
        if self.failures:
            found["follow"] = self.error
        return found


class Follower:
    """Follows one chain into one view. `step` never raises for what may pass; it does for another chain."""

    def __init__(
        self,
        chain: Chain,
        view: View,
        directory: bytes,
        *,
        clock: Callable[[], int],
        poll_interval_s: float,
        head_age_alarm_s: float,
        journal: Journal,
    ) -> None:
        self._chain = chain
        self._view = view
        self._directory = directory
        self._clock = clock
        self._poll_interval_s = poll_interval_s
        self._head_age_alarm_s = head_age_alarm_s
        self._journal = journal
        self.standing = Standing()
        self._found = False

    def step(self) -> float:
        """One turn; the seconds until the next: 0 while there is more, longer after each failure."""
        before = self.standing
        try:
            require_same_chain(self._view, self._chain)
            if not self._found:
                require_directory(self._chain, self._directory)
                self._found = True
            done = self._view.step(self._chain, self._directory)
            head = self._chain.head()
            if done.at >= head.number:
                self._view.work(self._clock)
        except WrongChain:
            raise
        except (ChainError, DatabaseFailed, Invalid) as error:  # Invalid: changed while it was read, or no Directory
            return self._failed(error)
        age = max(0, self._clock() - head.timestamp)
        self.standing = Standing(
            at=done.at,
            head=head.number,
            head_age_s=age,
            head_is_old=age > self._head_age_alarm_s,
            turns=before.turns + 1,
            taken_back=before.taken_back + done.taken_back,
        )
        if before.failures:
            self._journal.info("following again", at=done.at, after_failures=before.failures)
        if done.followed or done.taken_back:
            self._journal.info(
                "followed", blocks=done.followed, taken_back=done.taken_back, at=done.at, head=head.number
            )
        if self.standing.head_is_old and not before.head_is_old:
            self._journal.warning("head is old", head=head.number, head_age_s=age)
        elif before.head_is_old and not self.standing.head_is_old:
            self._journal.info("head is new again", head=head.number, head_age_s=age)
        return 0.0 if done.at < head.number else self._poll_interval_s

    def _failed(self, error: CarbonLedgerError) -> float:
        failures = self.standing.failures + 1
        wait = min(LONGEST_WAIT_S, self._poll_interval_s * 2.0 ** min(failures, 20))
        self.standing = replace(self.standing, failures=failures, error=str(error), turns=self.standing.turns + 1)
        self._journal.warning(
            "cannot follow", kind=type(error).__name__, error=str(error), failures=failures, next_in_s=wait
        )
        return wait


def require_same_chain(view: View, chain: Chain) -> None:
    """WrongChain if the view was built from a chain with another first block."""
    known = view.block_hash(0)
    if known is not None and known != chain.genesis_hash:
        raise WrongChain(
            "the database is a view of another chain",
            expected=f"genesis {known.hex()}",
            found=f"{chain.genesis_hash.hex()} at {chain.url}",
            remedy="Name another database, or empty this one with `python -m ledger_node reindex`",
        )


def require_directory(chain: Chain, directory: bytes) -> None:
    """Invalid if there is no contract yet at the Directory's address: a view under it would be of nothing."""
    if not chain.code(directory):
        raise Invalid("the Directory", expected=f"a contract at 0x{directory.hex()}", found="no code")
