"""Terms of a way to trade, as published: sizes, tick, band, hours; and what an order must be to be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from carbonledger.errors import Refused
from carbonledger.market.day import MODES, Mode, band

DRAFT: Final = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """Tonnes: `smallest`, `largest` (0: no bound), `lot_size`; fen: `tick`; seconds of the day at UTC+08:00: hours."""

    mode: Mode
    since: int
    smallest: int
    largest: int
    lot_size: int
    tick: int
    band_ppm: int
    hours: tuple[tuple[int, int], tuple[int, int]]
    settle_within: int
    position_limit: int
    evidence: int

    @classmethod
    def of_record(cls, fields: Mapping[str, Any]) -> Terms:
        """From the fields of the record `tradingterms`."""
        return cls(
            MODES[int(fields["mode"])],
            int(fields["since"]),
            int(fields["smallest"]),
            int(fields["largest"]),
            int(fields["lotSize"]),
            int(fields["tick"]),
            int(fields["bandPpm"]),
            ((int(fields["opens"]), int(fields["pauses"])), (int(fields["resumes"]), int(fields["closes"]))),
            int(fields["settleWithin"]),
            int(fields["positionLimit"]),
            int(fields["evidence"]),
        )

    @property
    def is_draft(self) -> bool:
        """Drafts never apply."""
        return self.evidence == DRAFT

    def is_open(self, second: int) -> bool:
        """Whether trading goes on at this second of a trading day; without hours it is as announced."""
        return not any(closes for _, closes in self.hours) or any(
            opens <= second < closes for opens, closes in self.hours
        )

    def check(self, amount: int, price: int, previous_close: int) -> None:
        """Refused, with the bound that is broken, for an order of `amount` t at `price` fen."""
        if amount < self.smallest or (self.largest and amount > self.largest) or amount % self.lot_size:
            most = f"to {self.largest} t" if self.largest else "t and more"
            expected = f"{self.smallest} {most}, in multiples of {self.lot_size}"
            raise Refused(f"the size of a {self.mode} order", expected=expected, found=f"{amount} t")
        lowest, highest = band(previous_close, self.band_ppm)
        if not lowest <= price <= highest or price % self.tick:
            expected = f"{lowest} to {highest} fen, in multiples of {self.tick}"
            raise Refused(f"the price of a {self.mode} order", expected=expected, found=f"{price} fen")
