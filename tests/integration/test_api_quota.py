"""Holdings, years, certificates, collateral and outlook over the API; who sees what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from carbonledger.evm.evidence import ChainEvidence
from carbonledger.quota import library as quota_library
from carbonledger.records import Record, position_id
from carbonledger.reduction import library as reduction_library
from carbonledger.sharing import standing_scope
from carbonledger.title import verify
from ledger_node.db.schema import record
from ledger_node.queries import quota
from tests.integration.api_kit import BANK, NOW, LedgerApi, grant_record, ledger_api, write_records
from tests.support.actors import ENTERPRISE
from tests.support.units import CANCELLED, CARRIED, CARRYING, OFFSETS, OLD, PENDING, PROJECT, SINCE, UnitsWorld

ZERO = bytes(32)
MEMBER, BANKER = ENTERPRISE.hex(), BANK.hex()
DUE = int(datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=8))).timestamp())
WORLD = UnitsWorld()


class ProvingChain:
    """A chain that can only prove: the one block of the world."""

    chain_id = 1
    proves = WORLD

    def evidence(self, number: int, slots: Mapping[bytes, Sequence[bytes]]) -> ChainEvidence:
        return self.proves.state.evidence({address: list(wanted) for address, wanted in slots.items()})

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nothing here asks the chain for {name}")


def pledge(number: int, lot: bytes, **changes: Any) -> Record:
    values = {"pledgeId": hashlib.sha256(b"pledge %d" % number).digest(), "member": ENTERPRISE, "bank": BANK}
    values |= {"lot": lot, "amount": 1_000, "held": 1_000, "released": 0, "enforced": 0, "loan": ZERO}
    values |= {"principal": 5_000_000, "termTo": NOW + 10**7, "offeredUntil": NOW, "pledgedAt": NOW - 5, "endedAt": 0}
    return Record.of("pledge", **{**values, "status": 3} | changes)


def year(number: int, **changes: Any) -> Record:
    values = {"member": ENTERPRISE, "year": number, "obligation": 36_000, "settled": 0, "surrendered": 1_000}
    values |= {"pending": 500, "offsets": 30, "borrowed": 0, "late": 0, "arrears": 0, "deduction": 0, "deducted": 0}
    return Record.of("year", **{**values, "dueAt": DUE, "part": 0, "status": 1, "report": ZERO} | changes)


def write_close(api: LedgerApi, kind: int, vintage: int, project: bytes, fen: int, day: int) -> None:
    """A day's bar as the market writes it; its other fields are not asked for."""
    instrument = quota.class_id(kind, vintage, project.hex())
    fields = [instrument, day, 1, 1, 1, 1, fen, 10, 100, 0, 0, 0, 0]
    with api.engine.begin() as connection:
        connection.execute(
            insert(record).values(
                block_number=1,
                log_index=1_000 + day,
                kind="tradingday",
                record_key=f"{kind}{vintage}{day}",
                id=instrument,
                fields=fields,
                member=None,
                year=None,
                latest=1,
            )
        )


@contextmanager
def served(folder: Path) -> Iterator[LedgerApi]:
    with ledger_api(folder, chain=ProvingChain()) as made:
        base = set(made.world.records)
        units = [kept for place, kept in WORLD.records.items() if place not in base]
        write_records(made.engine, [*units, pledge(1, OLD), year(2025)], 500)
        yield made


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    """What the tests read, and add nothing to that another would see."""
    with served(tmp_path_factory.mktemp("api")) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[LedgerApi]:
    """For those that change what is there."""
    with served(tmp_path) as made:
        yield made


def test_holdings_are_told_by_class_lot_and_state(api: LedgerApi) -> None:
    found = api.get(f"/v1/members/{MEMBER}/holdings", "enterprise").json()
    assert {row["lot"]["id"]: row["units"]["value"] for row in found["lots"]} == {
        OLD.hex(): "2000",
        CARRIED.hex(): "3000",
    }
    (old, carried) = found["classes"]
    assert (old["vintage"], old["states"]["pledged"], old["states"]["trading"]) == (2024, 1_000, 100)
    assert (carried["vintage"], carried["units"]["value"]) == (2025, "3000")
    assert api.get(f"/v1/members/{'00' * 32}/holdings", "bank").status_code == 404


def test_a_lot_says_where_it_comes_from_who_holds_it_and_what_became_of_it(api: LedgerApi) -> None:
    found = api.get(f"/v1/lots/{CARRIED.hex()}", "verifier").json()
    assert found["lot"]["carried_from"] == OLD.hex()
    assert found["holders"] == [
        {
            "member": MEMBER,
            "states": {"registered": 3_000, "trading": 0, "frozen": 0, "pledged": 0, "pending": 0, "provincial": 0},
        }
    ]
    old = api.get(f"/v1/lots/{OLD.hex()}", "auditor").json()
    assert (old["carried"]["value"], old["lot"]["serial_to"]) == ("3000", 5_099)
    assert api.get(f"/v1/lots/{'00' * 32}", "auditor").status_code == 404


def test_the_history_of_a_lot_is_read_in_order_page_by_page(fresh: LedgerApi) -> None:
    position = WORLD.records["position", position_id(ENTERPRISE, CARRIED)]
    write_records(
        fresh.engine, [Record.of("position", **position.fields() | {"registered": 2_900, "trading": 100})], 900
    )
    first = fresh.get(f"/v1/lots/{CARRIED.hex()}/history?limit=2", "enterprise")
    rest = fresh.get(first.links["next"]["url"], "enterprise").json()
    found = first.json()["items"] + rest["items"]
    assert [entry["kind"] for entry in found] == ["lot", "position", "position"]
    assert [entry["states"]["trading"] for entry in found[1:]] == [0, 100]
    (_, _, tally) = fresh.get(f"/v1/lots/{OLD.hex()}/history", "bank").json()["items"]
    assert tally["ended"] == {"surrendered": 0, "cancelled": 0, "carried": 3_000}


def readers(api: LedgerApi, path: str) -> dict[str, int]:
    return {role: api.get(path, role).status_code for role in ("public", "enterprise", "bank", "auditor", "regulator")}


def accesses(api: LedgerApi) -> set[tuple[str, str, str]]:
    read = api.get(f"/v1/members/{MEMBER}/accesses", "enterprise").json()["items"]
    return {(row["reader"], row["what"], row["basis"]) for row in read}


def test_what_a_member_holds_is_for_itself_statutory_roles_and_whom_it_grants_its_standing(fresh: LedgerApi) -> None:
    paths = [f"/v1/members/{MEMBER}/{what}" for what in ("holdings", "disposals")]
    title = f"/v1/lots/{CARRIED.hex()}/title?holder={MEMBER}"
    refused = {"public": 401, "enterprise": 200, "bank": 403, "auditor": 403, "regulator": 200}
    for path in (*paths, title):
        assert readers(fresh, path) == refused, path
    problem = fresh.get(paths[0], "bank").json()
    assert (problem["expected"], problem["found"]) == ("a grant of its standing in force", "none")
    write_records(fresh.engine, [grant_record(ENTERPRISE, BANK, standing_scope(ENTERPRISE))], 900)
    for path in (*paths, title):
        assert readers(fresh, path) == refused | {"bank": 200}, path
    assert {(what, basis) for reader, what, basis in accesses(fresh) if reader == BANKER} == {
        ("1 list of holdings", "grant"),
        ("1 list of disposals", "grant"),
        ("1 position", "grant"),
    }


def test_a_lot_names_only_the_holders_of_whom_its_reader_is_told(fresh: LedgerApi) -> None:
    carried, old = f"/v1/lots/{CARRIED.hex()}", f"/v1/lots/{OLD.hex()}"
    for role, told in {"enterprise": [MEMBER], "regulator": [MEMBER], "bank": [], "auditor": []}.items():
        found = fresh.get(carried, role).json()
        assert [holder["member"] for holder in found["holders"]] == told
        assert found["withheld"] == {"value": "0" if told else "3000", "unit": "t"}
    lot, position = fresh.get(f"{carried}/history", "bank").json()["items"]
    assert (lot["member"], position["member"], position["states"]) == (MEMBER, None, None)
    # units of the old lot are pledged to the bank: it sees what its borrower has of that lot, and the title to it
    assert [holder["member"] for holder in fresh.get(old, "bank").json()["holders"]] == [MEMBER]
    assert fresh.get(f"{old}/title?holder={MEMBER}", "bank").status_code == 200
    assert [e["member"] for e in fresh.get(f"{old}/history", "bank").json()["items"]] == [MEMBER, MEMBER, None]
    assert (BANKER, "1 position", "party") in accesses(fresh)
    ended = Record.of("pledge", **pledge(1, OLD).fields() | {"held": 0, "released": 1_000, "status": 4})
    write_records(fresh.engine, [ended], 900)
    assert fresh.get(old, "bank").json()["holders"] == []
    assert fresh.get(f"{old}/title?holder={MEMBER}", "bank").status_code == 403


def test_a_title_that_is_served_verifies_offline(api: LedgerApi) -> None:
    found = api.get(f"/v1/lots/{CARRIED.hex()}/title?holder={MEMBER}", "enterprise")
    assert found.content == WORLD.certificate("title", CARRIED)
    assert verify(found.content, api.world.policy).verdict == "VALID"
    nobody = api.get(f"/v1/lots/{CARRIED.hex()}/title?holder={BANKER}", "enterprise")
    assert nobody.status_code == 404
    assert api.get(f"/v1/lots/{OFFSETS.hex()}/title?holder={MEMBER}", "enterprise").status_code == 404  # all ended


def test_a_certificate_of_retirement_may_be_shown_to_anybody(api: LedgerApi) -> None:
    listed = api.get(f"/v1/members/{MEMBER}/disposals", "enterprise").json()["items"]
    hrefs = {row["id"]: row["certificate"] for row in listed}
    assert hrefs[PENDING.hex()] is None and hrefs[CARRYING.hex()] is None
    found = api.get(hrefs[CANCELLED.hex()])
    assert verify(found.content, api.world.policy).verdict == "VALID"
    assert api.get(f"/v1/disposals/{PENDING.hex()}/certificate").status_code == 404


def test_without_a_chain_there_is_no_certificate(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        units = [kept for place, kept in WORLD.records.items() if place not in set(api.world.records)]
        write_records(api.engine, units, 500)
        assert api.get(f"/v1/disposals/{CANCELLED.hex()}/certificate").status_code == 503


def test_what_the_chain_does_not_prove_is_not_served(fresh: LedgerApi) -> None:
    position = WORLD.records["position", position_id(ENTERPRISE, CARRIED)]
    write_records(fresh.engine, [Record.of("position", **position.fields() | {"registered": 3_001})], 900)
    found = fresh.get(f"/v1/lots/{CARRIED.hex()}/title?holder={MEMBER}", "enterprise")
    # the maker packs what it was given; the reader's check is what counts
    assert found.status_code != 200 or verify(found.content, fresh.world.policy).verdict == "INVALID"


def test_years_of_obligation_are_public(api: LedgerApi) -> None:
    (found,) = api.get(f"/v1/obligations?member={MEMBER}").json()["items"]
    assert (found["year"], found["status"], found["missing"]["value"]) == (2025, "open", "34500")
    assert found["due_at"] == "2026-12-31T15:59:59Z"
    assert api.get("/v1/obligations?year=2024").json()["items"] == []


def test_collateral_without_a_close_is_unpriced_and_never_zero(fresh: LedgerApi) -> None:
    book = fresh.get(f"/v1/members/{BANKER}/collateral", "bank").json()
    assert (book["pledges"][0]["value"], book["unpriced"]["value"], book["value"]["value"]) == (None, "1000", "0")
    write_close(fresh, 1, 2024, ZERO, 9_000, 20_000)
    write_close(fresh, 1, 2024, ZERO, 7_463, 20_453)
    write_close(fresh, 1, 2025, ZERO, 1, 20_454)  # another class
    book = fresh.get(f"/v1/members/{BANKER}/collateral", "bank").json()
    assert book["pledges"][0]["close"] == {"fen": 7_463, "day": "2025-12-31"}
    assert (book["value"]["value"], book["unpriced"]["value"]) == ("7463000", "0")


def test_collateral_and_outlook_are_for_the_member_itself_and_statutory_roles(api: LedgerApi) -> None:
    paths = {f"/v1/members/{BANKER}/collateral": "bank", f"/v1/members/{MEMBER}/outlook?year=2025": "enterprise"}
    for path, owner in paths.items():
        seen = {
            role: api.get(path, role).status_code for role in ("public", "bank", "enterprise", "auditor", "regulator")
        }
        allowed = {role for role, status in seen.items() if status == 200}
        assert allowed == {owner, "regulator"}, (path, seen)


def test_the_outlook_follows_the_chain_and_the_planned_quota_gives_way_to_the_issued_one(fresh: LedgerApi) -> None:
    path = f"/v1/members/{MEMBER}/outlook"
    found = fresh.get(f"{path}?year=2025", "enterprise").json()
    emission = fresh.world.statement.emission
    assert found["forecast"]["method"] == "complete"
    assert found["forecast"]["value"]["value"] == str(emission)
    assert found["holdings"]["usable"]["value"] == "3000"  # vintages 2025 and 2026 count, 2024 does not
    assert found["price"] is None and found["position"]["expected"]["cost"] is None
    next_year = fresh.get(f"{path}?year=2026", "enterprise").json()
    assert next_year["forecast"]["method"] == "previous-year"
    put = fresh.client.put(
        f"/v1/members/{MEMBER}/planning-quota/2026", headers=fresh.as_("enterprise"), json={"tonnes": 700}
    )
    assert put.status_code == 200
    planned = fresh.get(f"{path}?year=2026", "enterprise").json()["quota"]
    assert (planned["in_force"], planned["planning"]["tonnes"], planned["issued"]) == ("planning", 700, None)
    issued = Record.of(
        "lot", **WORLD.records["lot", OLD].fields() | {"lot": b"\x01" * 32, "vintage": 2026, "amount": 650}
    )
    write_records(fresh.engine, [issued], 950)
    both = fresh.get(f"{path}?year=2026", "enterprise").json()["quota"]
    assert (both["in_force"], both["planning"]["tonnes"], both["issued"]["tonnes"]) == ("issued", 700, 650)
    assert both["planning"]["at"] != both["issued"]["at"]


def test_offsets_of_covered_projects_or_registered_too_early_do_not_count(fresh: LedgerApi) -> None:
    path = f"/v1/members/{MEMBER}/outlook?year=2025"
    states = dict.fromkeys(quota.STATES, 0) | {"registered": 70}
    write_records(fresh.engine, [Record.of("position", member=ENTERPRISE, lot=OFFSETS, **states)], 900)
    assert fresh.get(path, "enterprise").json()["holdings"]["offsets"]["value"] == "70"
    rules = Record.of(
        "compliancerules",
        rulesId=b"\x02" * 32,
        year=2025,
        edition=1,
        dueAt=DUE,
        rounding=3,
        vintageFrom=2024,
        vintageTo=2026,
        offsetPpm=50_000,
        offsetFrom=SINCE,
        borrowVintage=0,
        borrowGapPpm=0,
        borrowPpm=0,
        evidence=1,
        sourceDigest=ZERO,
    )
    write_records(fresh.engine, [rules], 910)
    found = fresh.get(path, "enterprise").json()
    assert (found["rules"]["vintages"], found["holdings"]["usable"]["value"]) == ([2024, 2026], "4000")
    assert found["holdings"]["offsets"]["value"] == "70"
    later = Record.of(
        "compliancerules", **rules.fields() | {"rulesId": b"\x03" * 32, "edition": 2, "offsetFrom": SINCE + 1}
    )
    write_records(fresh.engine, [later], 920)
    assert fresh.get(path, "enterprise").json()["holdings"]["offsets"]["value"] == "0"
    project = WORLD.records["offsetproject", PROJECT]
    covered = Record.of("offsetproject", **project.fields() | {"covered": True})
    early = Record.of("compliancerules", **later.fields() | {"rulesId": b"\x04" * 32, "edition": 3, "offsetFrom": 0})
    write_records(fresh.engine, [covered, early], 930)
    assert fresh.get(path, "enterprise").json()["holdings"]["offsets"]["value"] == "0"


def test_only_the_enterprise_itself_plans(api: LedgerApi) -> None:
    path = f"/v1/members/{MEMBER}/planning-quota/2026"
    for role, status in {"public": 401, "bank": 403, "regulator": 403, "enterprise": 200}.items():
        assert api.client.put(path, headers=api.as_(role), json={"tonnes": 1}).status_code == status
    assert api.client.put(path, headers=api.as_("enterprise"), json={"tonnes": -1}).status_code == 422
    other = f"/v1/members/{BANKER}/planning-quota/2026"
    assert api.client.put(other, headers=api.as_("enterprise"), json={"tonnes": 1}).status_code == 403


def test_what_if_is_asked_in_the_address(api: LedgerApi) -> None:
    path = f"/v1/members/{MEMBER}/outlook?year=2025"
    found = api.get(f"{path}&buy=5&offsets=3", "enterprise").json()["what_if"]
    assert (found["buy"]["value"], found["offsets"]["value"]) == ("5", "3")
    assert api.get(f"{path}&abate=1000000", "enterprise").status_code == 422
    assert api.get(f"/v1/members/{MEMBER}/outlook?year=2021", "enterprise").status_code == 404


def test_the_computations_answer_as_the_command_does(api: LedgerApi) -> None:
    headers = {"content-type": "application/json"}
    outlook = api.post("/v1/outlook", content=quota_library.example(), headers=headers)
    assert outlook.json()["position"]["expected"]["shortfall"]["value"] == "32375"
    reduction = api.post("/v1/reductions", content=reduction_library.example("grid-pv"), headers=headers)
    assert reduction.json()["act"]["amount"] == 84_971
    refused = api.post("/v1/reductions", content=b"{}", headers=headers)
    assert refused.status_code in (400, 422) and refused.json()["path"]
    assert json.loads(api.get("/v1/outlook/schema").content)["title"] == "Outlook document"
    assert json.loads(api.get("/v1/reductions/schema").content)["title"] == "Reduction document"


def test_the_page_shows_the_years_to_all_and_the_holdings_to_members(api: LedgerApi) -> None:
    path = f"/quota/{MEMBER}"
    public = api.get(path, headers={"accept-language": "zh"}).text
    assert "配额与履约" in public and "36,000" in public and "持仓仅向企业本身" in public
    assert "预计缺口" not in public
    assert f'href="/codes/{MEMBER}' in public
    # a key that may not read a forecast is not led to it; who shows none yet is led to where one is asked for
    assert f'href="/forecast/{MEMBER}' in public and f'href="/forecast/{MEMBER}' not in api.get(path, "bank").text
    own = api.get(path + "?lang=en", "enterprise").text
    assert "Certificate of title" in own and "3,000" in own and "Expected shortfall" in own
    assert "no close yet" in own and f'href="/forecast/{MEMBER}' in own
    bank = api.get(f"/quota/{BANKER}?lang=zh", "bank").text
    assert "质押物" in bank and "尚无收盘价" in bank
    assert "质押物" not in api.get(f"/quota/{BANKER}?lang=zh").text
    assert api.get("/quota/" + "00" * 32).status_code == 404
