"""Factors and rule sets, as regulators published them."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request, Response

from api import paging, present, schemas
from api.answers import answer
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import Id, missing, router
from api.service import Service
from ledger_node.queries import rules


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("rules")

    @found.get("/factors", operation_id="listFactors", response_model=schemas.Page[schemas.Factor])
    def list_factors(request: Request, limit: Limit = paging.DEFAULT, cursor: Cursor = None) -> Response:
        """Factors in the order of publication."""
        with service.engine.connect() as connection:
            kept = rules.factors(connection, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.Factor](items=[present.factor(factor) for factor in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/factors/{factor}", operation_id="getFactor", response_model=schemas.Factor)
    def get_factor(request: Request, factor: Id) -> Response:
        """One factor by id."""
        with service.engine.connect() as connection:
            kept = rules.factor(connection, factor)
        if kept is None:
            raise missing("factor", factor)
        return answer(request, present.factor(kept))

    @found.get("/rule-sets", operation_id="listRuleSets", response_model=schemas.Page[schemas.RuleSet])
    def list_rule_sets(request: Request, limit: Limit = paging.DEFAULT, cursor: Cursor = None) -> Response:
        """Rule sets in the order of publication."""
        with service.engine.connect() as connection:
            kept = rules.rule_sets(connection, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.RuleSet](items=[present.rule_set(r) for r in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/rule-sets/{rule_set}", operation_id="getRuleSet", response_model=schemas.RuleSet)
    def get_rule_set(request: Request, rule_set: Id) -> Response:
        """One rule set by id."""
        with service.engine.connect() as connection:
            kept = rules.rule_set(connection, rule_set)
        if kept is None:
            raise missing("rule set", rule_set)
        return answer(request, present.rule_set(kept))

    @found.get(
        "/rule-sets/{rule_set}/document",
        operation_id="getRuleSetDocument",
        responses={200: {"description": "Its canonical JSON", "content": {"application/json": {"schema": {}}}}},
    )
    def get_rule_set_document(request: Request, rule_set: Id) -> Response:
        """The rule set itself, canonical JSON whose SHA-256 is its id, read from the chain."""
        with service.engine.connect() as connection:
            kept = rules.rule_set(connection, rule_set)
            registry = None if service.chain is None else service.contract(connection, "RuleSetRegistry")
        if kept is None:
            raise missing("rule set", rule_set)
        if service.chain is not None and registry is not None:
            document = service.chain.rule_set_json(registry, bytes.fromhex(rule_set))
        else:
            known = next((r for r in service.rule_sets if r.id.hex() == rule_set), None)
            if known is None:
                raise Problem("unavailable", "This node has no chain to read the rule set from.")
            document = known.json()
        if hashlib.sha256(document).hexdigest() != rule_set:
            raise Problem("unavailable", "The chain gave other bytes than those of this id.")
        return answer(request, document, immutable=True)

    return found
