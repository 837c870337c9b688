"""A small city's quarters on a real chain: codes are the check-up's; red ones are inspected, corrected, cleared."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from carbonledger.assessment.filing import STATES
from carbonledger.identifiers import member_id
from carbonledger.policy import Policy
from carbonledger.verify import verify
from ledger_node.db.engine import open_database, sqlite_url
from ledger_node.queries import assessment
from scripts.city import build, certificates, checkup, handed, on_chain, ordering, serving
from scripts.city.office import LAST_QUARTER, open_office
from scripts.city.records import Firm
from scripts.mainjob.home import Home
from scripts.mainjob.progress import Progress
from tests.support.walk import ROOT, steps, walk

SEED, FIRMS = 4, 6
QUARTERS = [LAST_QUARTER - 2, LAST_QUARTER - 1, LAST_QUARTER]


def remove_codes(firm: Firm, quarters: list[int]) -> None:
    """The original codes are missing on the laboratory's reports: H07."""
    for test in firm.tests:
        if test.month // 3 in quarters:
            test.original_code = False


def hide_coal(firm: Firm, quarters: list[int]) -> None:
    """A fifth of the coal is not declared: H06, and the peers' statements change with the correction."""
    for month in firm.months:
        if month.month // 3 in quarters:
            month.coal_kg = month.coal_kg * 4 // 5


def file(home: Home, firms: list[Firm]) -> on_chain.Colours:
    with open_office(home, firms, checkup.as_of(QUARTERS[0]), Progress()) as office:
        colours = on_chain.file_quarters(office, QUARTERS, partial(build.honest, SEED, FIRMS))
        score = home.root / "score.json"
        score.write_text("{}")
        handed.hand_over(office, QUARTERS, score)
    return colours


def served(home: Home, firm: Firm) -> tuple[str, list[str]]:
    """The code's page of a firm for the regulator's key, and what its bundles are by the policy that is served."""
    engine = open_database(sqlite_url(home.ledger))
    with TestClient(serving.application(home, engine, io.StringIO())) as client:
        keys = json.loads((home.keys / serving.KEYS).read_text())
        assert set(keys) == {"regulator", "bank", "verifier", "auditor"}  # no enterprise disclosed anything here
        headers = {"Authorization": f"Bearer {keys['regulator']}", "Accept": "text/html"}
        page = client.get(f"/codes/{firm.code}?lang=zh", headers=headers).text
        policy = Policy.parse(client.get("/v1/policy").content)
        paths = sorted(set(re.findall(r'href="(/v1/assessments/[0-9a-f]{64}/bundle)"', page)))
        verdicts = [verify(client.get(path, headers=headers).content, policy).verdict for path in paths]
    engine.dispose()
    return page, verdicts


@pytest.mark.slow
def test_red_codes_are_cleared_or_confirmed_and_first_colours_are_those_of_the_check_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    firms, _ = build.build(SEED, FIRMS, 0)
    once, twice, last = [firm for firm in firms if firm.tests][:3]
    hide_coal(once, QUARTERS[:1])
    hide_coal(twice, QUARTERS[:2])
    remove_codes(last, QUARTERS[2:])
    books = checkup.Books(firms)
    rows = [
        {"firm": firm.code, "quarter": quarter, "colour": checkup.check(books, firm, quarter).colour}
        for firm in firms
        for quarter in QUARTERS
    ]
    home = Home(tmp_path / "home")
    home.root.mkdir()
    colours = file(home, firms)
    assert on_chain.differences(colours, rows, QUARTERS) == []
    assert sorted(c for (code, _), c in colours.items() if code == twice.code) == ["green", "red", "red"]

    engine = open_database(sqlite_url(home.ledger))
    with engine.connect() as connection:

        def state(firm: Firm) -> str:
            code = assessment.code(connection, member_id(firm.code).hex())
            assert code is not None
            return STATES[int(code["state"]) - 1]

        def story(firm: Firm) -> list[tuple[int, int, int]]:
            found = assessment.assessments(connection, member_id(firm.code).hex())
            return [(int(one["quarter"]), int(one["revision"]), int(one["colour"])) for one in found]

        assert [state(firm) for firm in (once, twice, last)] == ["green", "confirmed", "opened"]
        # red, corrected, judged again: nothing of it is rewritten
        assert story(once) == [(2, 1, 2), (2, 2, 1), (3, 1, 1), (4, 1, 1)]
        assert story(twice) == [(2, 1, 2), (2, 2, 1), (3, 1, 2), (4, 1, 1)]
        graded = assessment.grades(connection, member_id(once.code).hex())
        assert {bytes.fromhex(g["schemeKey"]).rstrip(b"\0") for g in graded} == {
            b"carbon-efficiency-code", b"gcg-1", b"region-example-1",
        }  # fmt: skip
        vetoed = [g for g in assessment.grades(connection, member_id(twice.code).hex()) if int(g["quarter"]) == 4]
        # a level of efficiency knows no veto, and is not filed while one stands
        assert {bytes.fromhex(g["schemeKey"]).rstrip(b"\0") for g in vetoed} == {b"gcg-1", b"region-example-1"}
    engine.dispose()

    said = [line for line in capsys.readouterr().out.splitlines() if "block" in line]
    assert file(home, firms) == colours  # a second start changes nothing
    again = [line for line in capsys.readouterr().out.splitlines() if "block" in line]
    assert {line.split("block ")[1].split(",")[0] for line in again} == {said[-1].split("block ")[1]}
    issued = certificates.issue(home, "http://127.0.0.1:8000")
    assert "code valid" in issued
    assert certificates.issue(home, "http://127.0.0.1:8000") == issued
    assert len(steps(ROOT / "docs/city.md")) > 6
    (tmp_path / "auditor").mkdir()
    walk(ROOT / "docs/city.md", home.root, tmp_path / "auditor")
    assert ordering.order(home, LAST_QUARTER).startswith("0 scores of")  # six firms are no peers
    page, verdicts = served(home, once)
    assert "H06" in page
    assert verdicts == ["VALID"] * len(verdicts) != []
    rows[0]["colour"] = "grey"
    assert on_chain.differences(colours, rows, QUARTERS) == [f"{firms[0].code} 2025Q2"]
