"""Who signs in a log: pseudonym, chain of commitments, sequence, and which keys were used where."""

from __future__ import annotations

from dataclasses import dataclass, field

from carbonledger.entry import FIRST_PREVIOUS, pseudonym
from carbonledger.errors import Invalid, Malformed
from carbonledger.replay.ranges import Ranges
from carbonledger.replay.series import Series


@dataclass(slots=True)
class Use:
    """A key that signed for a signer, by evidence type: the first and the last entry."""

    type: int
    short_id: bytes
    first: int
    last: int


@dataclass(slots=True)
class Signer:
    """One `d`. `previous` is the last c in hex; `next` the sequence number that comes next.
    `ahead`, `late`: numbers taken before and after their turn; `scattered`: all that ever were."""

    identifier: str
    salt: bytes
    whole: bool
    pseudonym: bytes = b""
    series: Series = field(default_factory=Series)
    previous: bytes = FIRST_PREVIOUS.encode()
    next: int = 0
    begun: bool = False
    ahead: set[int] = field(default_factory=set)
    gaps: Ranges = field(default_factory=Ranges)
    scattered: Ranges = field(default_factory=Ranges)
    late: set[int] = field(default_factory=set)
    uses: dict[bytes, Use] = field(default_factory=dict)
    use: Use | None = None
    head: bytes = b""

    def __post_init__(self) -> None:
        self.pseudonym = pseudonym(self.salt, self.identifier).encode()

    def used(self, head: bytes, first: int, last: int) -> None:
        """The entries `first` to `last` have evidence that begins with `head`: its type and its key's short id."""
        if self.use is None or self.head != head:
            use = self.uses.get(head)
            if use is None:
                use = self.uses[head] = Use(head[0], head[1:], first, last)
            self.use, self.head = use, head
        self.use.last = last

    def take(self, sequence: int) -> None:
        """The next entry in the log's order; Invalid for a number that came before."""
        if not self.begun:
            self.begun = True
            if sequence <= 1 or not self.whole:
                self.next = sequence
        if sequence < self.next:
            if sequence in self.late or self.gaps.last_of(sequence) is None:
                raise Invalid(f"sequence of {self.identifier}", expected=f"{self.next} or a later one", found=sequence)
            self.late.add(sequence)
            self.scattered.add(sequence, sequence)
        elif sequence in self.ahead:
            raise Invalid(f"sequence of {self.identifier}", expected="each number once", found=sequence)
        else:
            self.ahead.add(sequence)
            self.scattered.add(sequence, sequence)
            self.advance()

    def explain(self, first: int, last: int) -> None:
        """A gap entry: these numbers are missing."""
        if first > last:
            raise Malformed(f"gap of {self.identifier}", expected="first <= last", found=(first, last))
        passed = first if self.whole and self.begun and first < self.next else None
        if self.scattered.overlap(first, last) or (passed is not None and not self._missing(passed, last)):
            raise Invalid(f"gap of {self.identifier}", expected="numbers that are missing", found=(first, last))
        self.gaps.add(first, last)
        self.advance()

    def _missing(self, first: int, last: int) -> bool:
        """Whether all numbers from `first` on that come before the next one are named by gap entries."""
        end = self.gaps.last_of(first)
        return end is not None and end >= min(last, self.next - 1)

    def advance(self) -> None:
        """Go on over what is there and what a gap explains."""
        while True:
            if self.next in self.ahead:
                self.ahead.remove(self.next)
                self.next += 1
            elif (last := self.gaps.last_of(self.next)) is not None:
                self.next = last + 1
            else:
                return

    def close(self) -> None:
        """Invalid if numbers are missing that no gap entry explains."""
        if self.ahead:
            raise Invalid(
                f"sequence of {self.identifier}",
                expected=f"{self.next} to {min(self.ahead) - 1}, or a gap entry for them",
                found=f"{min(self.ahead)} after {self.next - 1}",
            )
