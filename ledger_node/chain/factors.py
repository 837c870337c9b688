"""Factors as the chain publishes them."""

from __future__ import annotations

from collections.abc import Mapping

from carbonledger.accounting.factors import Factors
from carbonledger.accounting.register import factor_of
from carbonledger.records import KINDS, Record
from ledger_node.chain.bindings import factor_registry
from ledger_node.chain.interface import Chain

FIRST_BLOCK = 0


def factors(chain: Chain, registry: bytes, sources: Mapping[bytes, str]) -> Factors:
    """All published factors; `sources` are words by their digest (`carbonledger.accounting.register.sources_of`)."""
    found = []
    for log in chain.logs(FIRST_BLOCK, chain.head().number, [registry]):
        event = factor_registry.decode_event(log)
        if isinstance(event, factor_registry.FactorPublished):
            call = factor_registry.encode_factor_of(event.factorId)
            kept = factor_registry.decode_factor_of(chain.call(registry, call))
            record = Record.of("factor", **{field.name: getattr(kept, field.name) for field in KINDS["factor"].fields})
            found.append(factor_of(record, sources))
    return Factors(found)
