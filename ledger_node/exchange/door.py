"""What an order must be to be taken. The contract judges again when a trade is settled; here nobody waits in vain."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from carbonledger import acts, eip712
from carbonledger.acts import Act, Signed
from carbonledger.errors import BadSignature, CarbonLedgerError, Refused, Unknown
from carbonledger.market.book import SIDES
from carbonledger.market.calendar import day_of
from carbonledger.market.day import MODES
from ledger_node.db.engine import Lock, hold
from ledger_node.queries import market, orders, records
from ledger_node.queries.orders import Order

ACT_KEY = 1
NONE = "0" * 64

Accepts = Callable[[bytes, bytes, bytes], bool]
"""(address, digest, signature) → whether the contract there takes the signature (EIP-1271)."""


def nobody(_address: bytes, _digest: bytes, _signature: bytes) -> bool:
    """No contract signs: where the door has no chain to ask."""
    return False


def take(connection: Connection, act: Act, signed: Signed, chain_id: int, now: int, accepts: Accepts = nobody) -> Order:
    """Keep a signed order; the same one again gives what was kept. Run it in `settle`.

    A contract that signed may think otherwise later: then the trade is refused, and the order ends.

    Unknown for an instrument, lot or auction that there is not; BadSignature, or Refused with the bound.
    """
    known = orders.find(connection, act.id.hex())
    if known is not None:
        return known
    member, instrument = act["member"].hex(), act["instrument"].hex()
    _check_signature(connection, act, signed, chain_id, now, accepts)
    hold(connection, Lock.ORDERS)  # else two orders at once could each be taken against the same means
    known = orders.find(connection, act.id.hex())
    if known is not None:
        return known
    same = orders.with_reference(connection, member, act["reference"].hex())
    if same is not None:
        raise Refused("the order's reference", expected="one that was not used", found=f"that of order {same.id}")
    if act["mode"] not in MODES or act["side"] not in SIDES:
        raise Refused("the order", expected="mode 1 to 3, side 1 or 2", found=f"mode {act['mode']}, side {act['side']}")
    if act["deadline"] < now:
        raise Refused("the order's end", expected=f"not before {now}", found=act["deadline"])
    listed = market.instrument(connection, instrument)
    if listed is None:
        raise Unknown("instrument", expected="one that is listed", found=instrument)
    for subject in (member, instrument):
        if market.is_suspended(connection, subject):
            raise Refused("trading is stopped", found=subject, remedy="Ask the regulator who stopped it")
    terms = market.terms_at(connection, act["mode"], now)
    if terms is None:
        raise Unknown(f"terms of {MODES[act['mode']]} trading", expected="published ones that are law", found="none")
    terms.check(act["amount"], act["price"], market.close_before(connection, listed, day_of(now)[0]))
    _check_parties(connection, act)
    _check_means(connection, act)
    return orders.add(connection, act, signed, now)


def cancel(
    connection: Connection, act: Act, signed: Signed, chain_id: int, now: int, accepts: Accepts = nobody
) -> Order:
    """End a waiting order at its member's word (act OrderCancellation); again, it stays as it ended."""
    _check_signature(connection, act, signed, chain_id, now, accepts)
    order = orders.with_reference(connection, act["member"].hex(), act["order"].hex(), locked=True)
    if order is None:
        raise Unknown("order", expected="the reference of one that was taken here", found=act["order"].hex())
    if order.state in orders.WAITING:
        orders.set_order(connection, order.number, state="cancelled", reason="by its member")
    found = orders.find(connection, order.id)
    assert found is not None
    return found


def _check_signature(
    connection: Connection, act: Act, signed: Signed, chain_id: int, now: int, accepts: Accepts
) -> None:
    domain = eip712.Domain(chain_id)
    try:
        acts.recover(act, domain, signed)
    except CarbonLedgerError:
        if not accepts(signed.signer, act.digest(domain), signed.signature):
            raise
    key = records.one(connection, "key", acts.address_key_id(signed.signer).hex())
    ends = [] if key is None else [int(key[name]) for name in ("validTo", "compromisedSince") if int(key[name])]
    if (
        key is None
        or key["member"] != act["member"].hex()
        or int(key["purpose"]) != ACT_KEY
        or int(key["validFrom"]) > now
        or any(end <= now for end in ends)
    ):
        expected = f"an act key of {act['member'].hex()} that is valid now"
        raise BadSignature("signer of the order", expected=expected, found=signed.signer.hex())


def _check_parties(connection: Connection, act: Act) -> None:
    mode, counterparty, auction = MODES[act["mode"]], act["counterparty"].hex(), act["auction"].hex()
    if (mode == "block") != (counterparty != NONE) or counterparty == act["member"].hex():
        expected = "another member" if mode == "block" else "none"
        raise Refused(f"counterparty of a {mode} order", expected=expected, found=counterparty)
    if (mode == "auction") != (auction != NONE):
        expected = "one that is announced" if mode == "auction" else "none"
        raise Refused(f"auction of a {mode} order", expected=expected, found=auction)
    if mode == "auction" and records.one(connection, "auction", auction) is None:
        raise Unknown("auction", expected="one that is announced", found=auction)


def _check_means(connection: Connection, act: Act) -> None:
    """The units or the money are there, beside what other orders of the member may take."""
    member, lot = act["member"].hex(), act["lot"].hex()
    fen, tonnes = orders.reserved(connection, member)
    if SIDES[act["side"]] == "buy":
        if lot != NONE:
            raise Refused("lot of a purchase", expected="none", found=lot)
        have, want = market.money(connection, member) - fen, act["amount"] * act["price"]
        if have < want:
            raise Refused("money for the purchase", expected=f"{want} fen", found=f"{have} fen free")
        return
    kept = records.one(connection, "lot", lot)
    if kept is None:
        raise Unknown("lot of a sale", expected="one that was issued", found=lot)
    held = market.trading_units(connection, member, lot) - tonnes.get(lot, 0)
    if held < act["amount"]:
        raise Refused("units for the sale", expected=f"{act['amount']} t in trading", found=f"{held} t free")
