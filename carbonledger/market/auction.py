"""One-way auction: one member offers (or seeks) an amount at a limit; bids are served by price, then time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from carbonledger.market.book import BookOrder, Match

Pricing = Literal["uniform", "as-bid"]


def clear(offer: BookOrder, bids: Sequence[BookOrder], pricing: Pricing) -> list[Match]:
    """The trades of an auction. With one price for all it is that of the last bid that is served.

    Bids worse than the offer's limit, of its own side or of its own member are left out.
    """
    served: list[tuple[BookOrder, int]] = []
    left = offer.amount
    for bid in sorted(bids, key=lambda order: order.rank):
        if not left:
            break
        if bid.side == offer.side or bid.member == offer.member or not bid.meets(offer):
            continue
        amount = min(left, bid.amount)
        served.append((bid, amount))
        left -= amount
    if not served:
        return []
    last = served[-1][0].price
    matches = []
    for bid, amount in served:
        price = last if pricing == "uniform" else bid.price
        buy, sell = (bid, offer) if offer.side == "sell" else (offer, bid)
        matches.append(Match(buy.sequence, sell.sequence, amount, price))
    return matches
