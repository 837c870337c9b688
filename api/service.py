"""What the routes share: settings, database, chain; and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Connection, Engine

from api.access import Caller, may
from api.chain_tools import ChainTools
from api.mirrors import Mirror
from api.outside import Outside
from api.problems import Problem
from api.published import PublishedRules
from api.settings import Settings
from carbonledger.accounting import library
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.identifiers import chain_name
from carbonledger.policy import Policy
from ledger_node.queries import records


@dataclass(frozen=True)
class Service:
    """One running service. `chain` is None where it has none: then rules come from the package, and no act is taken."""

    settings: Settings
    engine: Engine
    chain: ChainTools | None

    def now(self) -> int:
        """Seconds."""
        return self.settings.clock()

    def wall(self) -> int:
        """Seconds of wall time, for what is posted to others."""
        return self.settings.wall()

    @cached_property
    def outside(self) -> Outside:
        """Where readers may have something posted to."""
        return Outside(self.settings.hooks.networks if self.settings.hooks else ())

    @cached_property
    def policy(self) -> Policy | None:
        """The policy that this node suggests."""
        return None if self.settings.policy is None else Policy.parse(self.settings.policy)

    @cached_property
    def rule_sets(self) -> Sequence[RuleSet]:
        """The rule sets of the package."""
        return library.rule_sets()

    @cached_property
    def factors(self) -> Factors:
        """The factors of the package."""
        return library.factors()

    @cached_property
    def published(self) -> PublishedRules:
        """The rule sets and factors as the chain publishes them."""
        return PublishedRules(self.chain, self.rule_sets, self.factors)

    @cached_property
    def units(self) -> dict[str, str]:
        """Base unit of the quantity of each line code of the package's rule sets."""
        return {line.code: line.quantity for rules in self.rule_sets for line in rules.lines}

    def mirror(self, log_id: str) -> Mirror:
        """The mirror of a log; Problem 404 where it is not mirrored."""
        found = self.settings.mirror_of(log_id)
        if found is None:
            raise Problem("not-found", "This node mirrors no such log.", found=log_id[:64])
        return Mirror(*found)

    def contract(self, connection: Connection, name: str) -> bytes:
        """Address of a contract by the Directory; Problem 503 while the view does not hold it."""
        found = records.one(connection, "contract", chain_name(name).hex())
        if found is None:
            raise Problem("unavailable", f"The view does not know the contract {name} yet.")
        return bytes.fromhex(found["location"])


def caller(request: Request) -> Caller:
    """Who asks; the gate has found out."""
    found: Caller = request.state.caller
    return found


CallerOf = Annotated[Caller, Depends(caller)]


def authorise(request: Request) -> None:
    """Problem 401 or 403 unless the table gives this operation to the caller's role."""
    operation = str(getattr(request.scope.get("route"), "operation_id", None))
    request.state.operation = operation
    asking: Caller = request.state.caller
    if may(operation, asking.role):
        return
    if asking.role == "public":
        raise Problem(
            "not-authenticated",
            f"{operation} is for readers with a key.",
            expected="Authorization: Bearer cl_<id>_<secret>",
            found="no key",
            headers={
                "WWW-Authenticate": 'Basic realm="carbonledger", charset="UTF-8"'
                if operation.startswith("page")
                else 'Bearer realm="carbonledger"'
            },
        )
    raise Problem("not-allowed", f"{operation} is not for the role {asking.role}.")


async def body(request: Request) -> bytes:
    """The body's bytes, exactly; the gate bounds their number."""
    return await request.body()


Body = Annotated[bytes, Depends(body)]
