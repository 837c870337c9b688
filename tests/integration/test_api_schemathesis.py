"""Schemathesis finds nothing: any request by the document gets an answer by the document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from api.chain_tools import LedgerChainTools
from api.hooks import Hooks
from carbonledger.records import Record
from ledger_node.chain.outbox import Outbox
from tests.integration.api_kit import NOW, LedgerApi, ledger_api, write_records
from tests.integration.ledger_kit import TIME, Ledger

EXAMPLES = 60 if os.environ.get("CARBONLEDGER_LONG") else 8
ROLES = ("public", "enterprise", "operator")
BY_RULE = frozenset(
    {
        *("allocate", "assessCode", "assessGrade", "assessPcaf", "calculate", "createDisclosure", "submitAct"),
        "forecast",  # whole grams by the unit, 13 values of months, each year of a quota once
        "computeOutlook",  # 5.0 is an integer to JSON Schema, and refused here
        "computeReduction",  # days of the calendar; what is monitored is by the methodology
        "createControlPlanDocument",  # 5.0 again; the digest has to be the one filed
        "discloseLoans",  # a tool that is known here; loans that name projects of the document
        "answerPortfolio",  # any bytes by the schema; a table of one of two forms by the code
        *("calculateFootprint", "publishFootprints", "postPactEvent"),
        *("placeOrder", "cancelOrder", "listTradingDays"),
        *("createWebhook", "rotateWebhookSecret"),  # a public https address; 5.0 again
    }
)
"""Operations whose bodies a rule may refuse though the schema lets them pass: units of a line, proofs, signatures."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    folder: Path = tmp_path_factory.mktemp("schemathesis")
    unlimited: dict[str, Any] = {
        "rate": "1000000/minute",
        "keyed_rate": "1000000/minute",
        "stream_s": 0.0,
        "takes_orders": True,
    }
    unlimited["hooks"] = Hooks(bytes(32))
    with Ledger(folder / "chain") as ledger:
        outbox = Outbox(folder / "outbox.db", ledger.chain, b"\x05" * 32, clock=lambda: TIME)
        tools = LedgerChainTools(ledger.chain, outbox)
        with ledger_api(folder, chain=tools, public=True, settings=unlimited) as made:
            deployed = [
                Record.of("contract", **{**listing.fields(), "location": ledger.deployment.addresses[name]})
                for listing in (r for (kind, _), r in made.world.records.items() if kind == "contract")
                if (name := listing.field("name").rstrip(b"\0").decode()) in ledger.deployment.addresses
            ]
            write_records(made.engine, deployed, NOW)
            yield made
        outbox.close()


def operations(api: LedgerApi) -> list[Any]:
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    return [found.ok() for found in schema.get_all_operations()]


def checked(api: LedgerApi, operation: Any) -> None:
    """Requests by the document, each in every role, and what it may refuse by a rule."""
    by_rule = operation.definition.raw["operationId"] in BY_RULE
    skipped = [CHECKS.get_one("positive_data_acceptance")] if by_rule else []

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers_by_the_document(case: Any) -> None:
        for role in ROLES:  # to make a request up takes twice as long as to answer it
            with noted(f"as {role}"):
                case.call_and_validate(headers=api.as_(role), excluded_checks=skipped)

    answers_by_the_document()


@contextmanager
def noted(text: str) -> Iterator[None]:
    """A failure says this too."""
    try:
        yield
    except BaseException as error:
        error.add_note(text)
        raise


@pytest.mark.parametrize("half", [0, 1])
def test_schemathesis_finds_nothing(api: LedgerApi, half: int) -> None:
    found = operations(api)
    assert len(found) > 30
    for operation in found[half::2]:
        checked(api, operation)
