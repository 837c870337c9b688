"""Rule sets and factors to compute by: those that the chain publishes, and beside them the package's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Connection

from api.chain_tools import ChainTools
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.register import answering, factor_of, sources_of
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import Invalid
from ledger_node.queries import rules


@dataclass(frozen=True, slots=True)
class Known:
    """What a document may name: `published` are the chain's rule sets in order, `packaged` those of the package."""

    published: Sequence[RuleSet]
    packaged: Sequence[RuleSet]
    factors: Factors

    def rule_sets(self, name: object) -> list[RuleSet]:
        """The rule sets among which a document finds the one that it names; the chain's come first."""
        found = answering(self.published, name)
        keys = {rules.key for rules in found}
        return [*found, *(rules for rules in self.packaged if rules.key not in keys or rules.id.hex() == name)]

    def is_published(self, identifier: bytes) -> bool:
        """Whether the chain publishes the rule set with this id."""
        return any(rules.id == identifier for rules in self.published)


class PublishedRules:
    """Reads each rule set of the chain once (its id is its content), and factors again when there are more."""

    def __init__(self, chain: ChainTools | None, packaged: Sequence[RuleSet], library: Factors) -> None:
        self._chain = chain
        self._packaged = {rules.id: rules for rules in packaged}
        self._library = library
        self._read: dict[bytes, RuleSet] = {}
        self._known: tuple[object, Known] | None = None
        self._lock = Lock()

    def current(self, connection: Connection, registry: Callable[[], bytes]) -> Known:
        """As the view has them now; `registry` gives the address of the RuleSetRegistry where it is needed."""
        ids = [bytes.fromhex(identifier) for identifier in rules.rule_set_ids(connection)]
        standing = (ids, rules.factor_standing(connection))
        with self._lock:
            if self._known is None or self._known[0] != standing:
                published = [found for found in (self._rule_set(id_, registry) for id_ in ids) if found is not None]
                registered = self._factors(connection, published)
                in_register = {factor.id for factor in registered}
                # a key that the register has is not the package's to say
                beside = (factor for factor in self._library if factor.id not in in_register)
                known = Known(published, tuple(self._packaged.values()), Factors([*registered, *beside]))
                self._known = (standing, known)
            return self._known[1]

    def _rule_set(self, identifier: bytes, registry: Callable[[], bytes]) -> RuleSet | None:
        found = self._packaged.get(identifier) or self._read.get(identifier)
        if found is None and self._chain is not None:
            found = RuleSet.parse(self._chain.rule_set_json(registry(), identifier))
            if found.id != identifier:
                raise Invalid("rule set of the chain", expected=identifier.hex(), found=found.id.hex())
            self._read[identifier] = found
        return found  # None: published, but without a chain nobody here has its text

    def _factors(self, connection: Connection, published: Sequence[RuleSet]) -> list[Factor]:
        sources = sources_of([*self._library, *(factor for each in published for factor in each.factors)])
        return [factor_of(record, sources) for record in rules.factor_records(connection)]
