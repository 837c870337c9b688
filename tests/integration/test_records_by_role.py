"""The stream of records against the ordinary operations: a key reads of the chain what it may ask for, and no more."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.access import ROLES, Caller
from api.keys import new_key
from api.sight import RULES, Sight
from carbonledger.identifiers import member_id
from carbonledger.records import KINDS
from ledger_node.queries.records import Kept
from tests.integration.api_kit import LedgerApi, any_record, ledger_api, write_records
from tests.support import enterprises
from tests.support.enterprises import BANK, NOW, OTHER_BANK, credit_code, sha
from tests.support.world import VERIFIER

MANY = 24
OWN = 4
"""Of an enterprise with a key of its own, a loan of the other bank, and no grant."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    settings: dict[str, Any] = {"clock": lambda: NOW} | dict.fromkeys(("rate", "keyed_rate"), "1000000/minute")
    with ledger_api(Path(tmp_path_factory.mktemp("records")), settings=settings) as made:
        owner = member_id(credit_code(OWN))
        about = {"member": owner, "bank": OTHER_BANK, "project": sha(f"project {OWN}"), "owner": owner}
        write_records(
            made.engine,
            [
                any_record("checkup", **pick("checkup", about), checkupId=sha("checkup"), verifier=VERIFIER),
                any_record("supportcheck", loan=sha(f"loan {OWN}"), verifier=VERIFIER),
                any_record("support", application=sha("support"), member=OTHER_BANK, loan=sha(f"loan {OWN}")),
                any_record("enforcement", enforcementId=sha("enforced"), pledge=sha(f"pledge {OWN}"), taker=BANK),
                any_record("balance", member=owner, amount=7),
                any_record("payment", paymentId=sha("payment"), member=owner, bank=OTHER_BANK),
                any_record("freeze", freezeId=sha("freeze"), member=owner),
                any_record("inspection", caseId=sha("case"), member=owner, candidatesDigest=sha("drawn")),
                any_record("closing", closingId=sha("closing"), member=owner),
                any_record("trade", tradeId=sha("trade"), mode=1, buyer=owner, seller=OTHER_BANK),
            ],
            first_block=600,
        )
        enterprises.load(made.engine, range(MANY))
        with made.engine.begin() as connection:
            for name, role, member in (("owner", "enterprise", owner), ("other bank", "bank", OTHER_BANK)):
                made.keys[name] = new_key(connection, name=name, role=role, member=member.hex(), now=NOW)
        yield made


def pick(kind: str, values: dict[str, bytes]) -> dict[str, bytes]:
    return {f.name: values[f.name] for f in KINDS[kind].fields if f.name in values}


def streamed(api: LedgerApi, role: str) -> list[dict[str, Any]]:
    text = api.get("/v1/records/stream?once=true", role).text
    return [json.loads(part.split("data: ")[1]) for part in text.split("\n\n") if part.startswith("id:")]


def of(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in records if one["kind"] == kind]


def test_every_kind_of_record_has_a_rule_about_who_is_told() -> None:
    assert set(RULES) == set(KINDS)
    for kind, rule in RULES.items():
        fields = {f.name for f in KINDS[kind].fields}
        assert set(rule.parties) <= fields, kind
        if rule.openness in ("consent", "statutory"):
            assert rule.owner in fields or rule.through is not None, kind
        if rule.through is not None:
            assert rule.through[0] in fields and RULES[rule.through[1]].through is None, kind
        if rule.lenders:
            assert {"member", "project"} <= fields, kind


@pytest.mark.parametrize("role", ["bank", "other bank", "owner", "regulator", "verifier"])
def test_a_key_streams_the_loans_and_pledges_that_standings_show_it(api: LedgerApi, role: str) -> None:
    """The standing and the collateral book are other code, and decide by themselves."""
    loans, pledges = set(), set()
    for number in range(MANY):
        answer = api.get(f"/v1/enterprises/{credit_code(number)}/standing", role).json()
        loans |= {one["loan"] for one in answer["loans"]["items"]}
        pledges |= {one["pledge"] for one in answer["pledges"]["items"]}
    found = streamed(api, role)
    assert {one["id"] for one in of(found, "loan")} == loans
    assert {one["id"] for one in of(found, "pledge")} == pledges
    assert loans and pledges
    projects = {one["fields"]["project"] for one in of(found, "loan")}
    assert {one["id"] for one in of(found, "loanproject")} == projects


def test_each_role_is_told_of_the_kinds_that_the_table_opens_to_it(api: LedgerApi) -> None:
    found = {role: Counter(one["kind"] for one in streamed(api, role)) for role in ROLES}
    opened = {kind for kind, rule in RULES.items() if rule.openness == "open"}
    keyed = opened | {kind for kind, rule in RULES.items() if rule.openness == "keyed"}
    assert set(found["public"]) <= opened
    for role in ("operator", "auditor"):  # no party, no statute, no grant
        assert set(found[role]) <= keyed and set(found[role]) > set(found["public"]), role
    every = found["regulator"]
    assert every == found["verifier"]
    assert {"loan", "support", "balance", "inspection", "grant", "position", "enforcement"} <= set(every)
    for role in ("enterprise", "bank"):
        assert all(count <= every[kind] for kind, count in found[role].items())
        assert not {"balance", "freeze", "inspection", "closing", "payment"} & set(found[role]), role


def test_what_hangs_on_a_loan_or_pledge_goes_to_its_own_parties(api: LedgerApi) -> None:
    seen = {role: streamed(api, role) for role in ("bank", "other bank", "owner", "public")}
    for kind in ("checkup", "supportcheck"):
        assert [len(of(seen[role], kind)) for role in ("bank", "other bank", "owner")] == [0, 1, 1], kind
    assert [len(of(seen[role], "support")) for role in ("bank", "other bank", "owner")] == [0, 1, 0]
    # who took the units is a party of the enforcement, not of the pledge
    assert [len(of(seen[role], "enforcement")) for role in ("bank", "other bank", "owner")] == [1, 1, 1]
    assert [len(of(seen[role], "payment")) for role in ("bank", "other bank", "owner")] == [0, 1, 1]


@pytest.mark.parametrize("role", ["bank", "other bank", "owner", "regulator", "auditor"])
def test_loans_are_listed_to_those_to_whom_they_are_streamed(api: LedgerApi, role: str) -> None:
    path, listed = "/v1/loans?limit=2", []
    while path:
        answer = api.get(path, role)
        listed += answer.json()["items"]
        path = answer.links.get("next", {}).get("url", "")
    told = {one["id"]: one["fields"] for one in of(streamed(api, role), "loan")}
    assert {one["id"]: one["principal"]["value"] for one in listed} == {
        identifier: str(fields["principal"]) for identifier, fields in told.items()
    }
    assert len(listed) == len(told)
    assert api.get("/v1/loans?live=false", role).json()["items"] == []
    for one in listed[:2]:
        only = api.get(f"/v1/loans?borrower={one['borrower']}&live=true", role).json()["items"]
        assert [other["id"] for other in only] == [one["id"]]


def test_a_loan_is_shown_with_what_hangs_on_it_to_its_own_parties(api: LedgerApi) -> None:
    path = f"/v1/loans/{sha(f'loan {OWN}').hex()}"
    assert [api.get(path, role).status_code for role in ("public", "bank", "auditor")] == [401, 404, 404]
    lender, borrower = api.get(path, "other bank").json(), api.get(path, "owner").json()
    assert [one["application"] for one in lender["support"]] == [sha("support").hex()]
    assert borrower["support"] == []  # the bank's funds are its own
    for shown in (lender, borrower):
        assert [one["verifier"] for one in shown["checkups"]] == [VERIFIER.hex()]
        assert shown["check"]["verifier"] == VERIFIER.hex()
        assert shown["project"]["id"] == shown["loan"]["project"]
    read = api.get("/v1/access?limit=1", "owner").json()["items"][0]
    assert (read["reader"], read["what"], read["basis"]) == (OTHER_BANK.hex(), "1 loan", "party")


def test_the_parties_of_a_trade_are_hidden_as_the_list_of_trades_hides_them(api: LedgerApi) -> None:
    for role, told in (("public", False), ("bank", False), ("other bank", True), ("owner", True), ("regulator", True)):
        (trade,) = of(streamed(api, role), "trade")
        (listed,) = api.get("/v1/market/trades", role).json()["items"]
        assert ("buyer" in trade["fields"]) == (listed["buyer"] is not None) == told, role
        assert ("buyOrder" in trade["fields"]) == told


def test_what_is_streamed_of_others_affairs_is_on_their_access_logs(api: LedgerApi) -> None:
    member = member_id(credit_code(OWN)).hex()
    path = f"/v1/members/{member}/accesses"
    newest = api.get(path, "owner").json()["items"]
    last = newest[0]["number"] if newest else 0
    streamed(api, "other bank")
    streamed(api, "bank")
    streamed(api, "owner")
    fresh = [one for one in api.get(path, "owner").json()["items"] if one["number"] > last]
    told = Counter((one["reader"], one["what"], one["basis"]) for one in fresh)
    assert told[OTHER_BANK.hex(), "1 record loan", "party"] == 1
    assert told[BANK.hex(), "1 record enforcement", "party"] == 1
    assert {one["reader"] for one in fresh} == {OTHER_BANK.hex(), BANK.hex()}


def test_a_kind_that_no_rule_knows_is_told_to_nobody(api: LedgerApi) -> None:
    with api.engine.connect() as connection:
        sight = Sight(connection, Caller("somebody", "regulator", "00" * 32))
        assert sight.of_record(Kept("gossip", "00" * 32, {}, 1, 0)) is None
