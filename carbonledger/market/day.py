"""A day's bar of an instrument, as the contract keeps it: prices in fen a tonne, volumes in t, turnovers in fen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, assert_never

Mode = Literal["listed", "block", "auction"]
MODES: Final[dict[int, Mode]] = {1: "listed", 2: "block", 3: "auction"}
MODE_NUMBERS: Final[dict[Mode, int]] = {mode: number for number, mode in MODES.items()}
MILLION: Final = 1_000_000


@dataclass(slots=True)
class Bar:
    """Listed trades make the prices; block trades and auctions are counted apart."""

    previous_close: int
    first: int = 0
    high: int = 0
    low: int = 0
    volume: int = 0
    turnover: int = 0
    block_volume: int = 0
    block_turnover: int = 0
    auction_volume: int = 0
    auction_turnover: int = 0

    def take(self, mode: Mode, amount: int, price: int) -> None:
        """One trade of `amount` t at `price` fen."""
        worth = amount * price
        match mode:
            case "listed":
                if not self.volume:
                    self.first = self.high = self.low = price
                self.high, self.low = max(self.high, price), min(self.low, price)
                self.volume += amount
                self.turnover += worth
            case "block":
                self.block_volume += amount
                self.block_turnover += worth
            case "auction":
                self.auction_volume += amount
                self.auction_turnover += worth
            case _:
                assert_never(mode)

    @property
    def open(self) -> int:
        """The first listed trade's price; the previous close where there was none."""
        return self.first or self.previous_close

    @property
    def close(self) -> int:
        """Volume-weighted mean of the listed trades, half up to the fen; the previous close where there was none."""
        if not self.volume:
            return self.previous_close
        return (2 * self.turnover + self.volume) // (2 * self.volume)


def band(close: int, ppm: int) -> tuple[int, int]:
    """Lowest and highest price (fen) within `ppm` millionths of a close: rounded inwards. 0: no band."""
    if not ppm:
        return 1, 2**32 - 1
    width = close * ppm // MILLION
    return max(1, close - width), min(2**32 - 1, close + width)
