"""A year is restated after approval through the doors that a user has; both reports stay, and both PDFs verify."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlalchemy import Engine

from api.app import create_app
from api.chain_tools import LedgerChainTools
from api.keys import new_key
from api.settings import Settings
from carbonledger.accounting import library
from carbonledger.accounting.lines import item_id
from carbonledger.accounting.register import sources_of
from carbonledger.acts import Act
from carbonledger.errors import Refused
from carbonledger.mrv.evidence import Manual
from carbonledger.mrv.findings import Findings
from carbonledger.periods import month_bounds
from carbonledger.product import library as product_examples
from carbonledger.sharing import scope
from carbonledger.verify import verify
from ledger_node.chain import factors as chain_factors
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.view import View
from ledger_node.reports import make, reader
from oracle import documents, restate_command, restatement
from oracle.__main__ import main, wall_clock
from oracle.act_door import ActDoor
from oracle.config import ChainSettings, format_toml
from oracle.config import Settings as OracleSettings
from oracle.node import OracleNode
from oracle.restatement import Restatement
from scripts.mainjob import consortium, plant
from scripts.mainjob.report import Approved
from tests.integration.sharing_kit import YEAR, SmallYear
from tests.support import databases

FORGOTTEN_WH = 40_000
VERIFICATION = {
    "completed_at": "2026-02-01T00:00:00Z", "coverage": "product level", "provider": "somebody", "standard": "ISO14067",
}  # fmt: skip
REASON = "the second feeder was not counted in March"


@dataclass
class Ledger:
    """The enterprise's year, its chain, and the ledger's API over them."""

    year: SmallYear
    engine: Engine
    view: View
    client: TestClient
    keys: dict[str, str]

    def follow(self) -> None:
        """What the node's loop does in a turn: send, seal a block, follow it, do the jobs."""
        self.year.relay.settle()
        self.view.catch_up(self.year.chain, self.year.deployment.directory)
        self.view.work(self.year.clock.now)

    def as_(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}"}

    def door(self, role: str) -> ActDoor:
        self.client.headers.update(self.as_(role))
        return ActDoor(self.client, self.follow)  # type: ignore[arg-type]

    def get(self, path: str, role: str) -> Any:
        answer = self.client.get(path, headers=self.as_(role))
        assert answer.status_code == 200, answer.text
        return answer

    def judge(self, report: bytes) -> None:
        """The verifier confirms, the regulator approves: each by its own key, through the API."""
        relay, cast = self.year.relay, self.year.cast
        verifier, regulator = cast["verifier"], cast["regulator-1"]
        findings = Findings(report, ())
        for role, member, name, values in (
            ("verifier", verifier, "Verification", {"verifier": verifier.id, "findingsDigest": findings.digest}),
            ("regulator", regulator, "Approval", {"regulator": regulator.id, "reasonDigest": bytes(32)}),
        ):
            act = Act(
                name, report=report, outcome=1, reference=consortium.reference(name, report),
                deadline=relay.deadline(), **values,
            )  # fmt: skip
            self.door(role).carry(act, {role: relay.sign(act, member)})
        self.follow()

    def disclose(self, bundle: bytes) -> None:
        headers = {**self.as_("enterprise"), "Content-Type": "application/json"}
        answer = self.client.post("/v1/disclosures?public=true", content=bundle, headers=headers)
        assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    home = tmp_path_factory.mktemp("restated")
    with ExitStack() as stack:
        year = SmallYear(home, stack)
        url = databases.url(home / "view.db")
        engine = open_database(url)
        stack.callback(engine.dispose)
        migrate(engine)
        keys = {}
        with engine.begin() as connection:
            for role in ("enterprise", "verifier", "bank", "regulator"):
                member = year.cast["regulator-1" if role == "regulator" else role].id.hex()
                keys[role] = new_key(connection, name=role, role=role, member=member, now=year.clock.now())
        view = View(url)
        stack.callback(view.close)
        settings = Settings(policy=year.policy().format().encode(), clock=year.clock.now)
        app = create_app(settings, engine, LedgerChainTools(year.chain, year.relay.outbox))
        client = stack.enter_context(TestClient(app))
        made = Ledger(year, engine, view, client, keys)
        made.follow()
        yield made


def correct(year: SmallYear) -> None:
    """March's forgotten feeder, by its invoice."""
    invoice = documents.add(year.node, b"invoice of the second feeder", name="invoice", purpose="invoice")
    manual = Manual(
        line=plant.LINE, item=item_id(plant.UNIT), year=YEAR, month=3, period=month_bounds(YEAR, 3), reason=REASON,
        quantity=FORGOTTEN_WH, unit="Wh", documents=(invoice,),
    )  # fmt: skip
    documents.enter(year.node, manual)


def prepare(ledger: Ledger) -> Restatement:
    year, relay = ledger.year, ledger.year.relay
    restatement.enter_reason(year.node, YEAR, REASON)
    if year.node.checkpoint() is not None:
        relay.settle()
    head = restatement.heads(year.node, year.node.size)[0]
    registry = relay.addresses["ReportRegistry"]
    before = restatement.filed(year.node, year.chain, registry, year.owner, plant.POINTS, YEAR)
    assert [month.statement for month in before.months] == [month.statement for month in year.months]
    assert before.ids == year.report.month_ids
    rules = year.report.statement.rules
    known = sources_of([*library.factors(), *rules.factors])
    factors = chain_factors.factors(year.chain, relay.addresses["FactorRegistry"], known)
    return restatement.prepare(year.node, before, plant.POINTS, rules, factors, None, head, relay.deadline())


def publish_footprint(ledger: Ledger, output_kg: str) -> dict[str, Any]:
    """The owner's one product of the approved year, published to the bank."""
    document = json.loads(product_examples.example("one-product"))
    report = ledger.year.report
    document["company"]["credit_code"] = ledger.year.cast["enterprise"].code
    document["plant"] = {"statement": report.statement.to_json(), "report": report.report_id.hex()}
    document["products"][0]["output"] = {"unit": "kg", "value": output_kg}
    document |= {"inputs": [], "verification": VERIFICATION}
    url = f"/v1/footprints?to={ledger.year.cast['bank'].id.hex()}"
    answer = ledger.client.post(url, json=document, headers=ledger.as_("enterprise"))
    assert answer.status_code == 201, answer.text
    (made,) = answer.json()["data"]
    return dict(made)


def per_kg(emission_g: int, output_kg: int) -> Decimal:
    """By hand: kgCO2e a kilogram, six digits, half up."""
    exactly = Decimal(emission_g) / 1000 / output_kg
    return exactly.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def test_a_year_without_a_change_is_not_restated(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="nothing of 2025 changed"):
        prepare(ledger)


def test_a_restatement_replaces_one_month_and_the_report_and_everyone_sees_both(ledger: Ledger, tmp_path: Path) -> None:
    year, relay = ledger.year, ledger.year.relay
    old, old_bundle = year.report, year.bundle.read_bytes()
    year.grant("loan", "bank", scope(year.owner, YEAR))
    ledger.disclose(old_bundle)
    old_path = f"/v1/reports/{old.report_id.hex()}"
    old_pdf = ledger.get(f"{old_path}/document?format=pdf&language=en", "bank").content
    assert ledger.get("/v1/notifications", "bank").json()["items"] == []

    sold = publish_footprint(ledger, "1000")
    assert Decimal(sold["pcf"]["pcfExcludingBiogenicUptake"]) == per_kg(old.statement.emission, 1000)

    correct(year)
    found = prepare(ledger)
    assert [number for number, _ in found.changed] == [3]
    grid = next(factor for factor in found.statement.rules.factors if factor.row == "grid-national")
    more = FORGOTTEN_WH * grid.value // 10**18
    told = restate_command.described(found, REASON)
    assert int(told["difference"]["value"]) - more in (0, 1)  # both years are cut to the gram
    assert told["replaces"] == old.report_id.hex()

    signed = restate_command.signed_acts(found, relay.domain, year.cast["enterprise"].key)
    for _ in range(2):  # handed in twice, it is the same
        restate_command.hand_in(ledger.door("enterprise"), signed)
    again = prepare(ledger)  # another process, after this one was killed: the same acts
    assert [act.id for _, act in again.changed] == [act.id for _, act in found.changed]
    assert again.report.id == found.report.id
    year.clock.set_ms(year.clock.now_ms() + 86_400_000)
    ledger.judge(found.report.id)

    year.report = Approved(found.report.id, found.statement, found.months, found.ids, year._head())
    new_bundle = year._bundle()
    verdict = verify(new_bundle, year.policy())
    assert verdict.verdict == "VALID", [step for step in verdict.steps if step.verdict == "invalid"]
    ledger.disclose(new_bundle)
    new = ledger.get(f"/v1/reports/{found.report.id.hex()}", "bank").json()
    before = ledger.get(old_path, "bank").json()
    assert new["replaces"] == old.report_id.hex()
    assert (new["status"], before["status"]) == ("approved", "replaced")
    assert (new["replaced_by"], before["replaced_by"]) == (None, new["id"])
    page = ledger.get(f"/reports/{old.report_id.hex()}?lang=zh", "bank").text
    assert "被以下报告替代" in page and f"/reports/{new['id']}" in page
    assert int(new["emission"]["value"]) - int(before["emission"]["value"]) == int(told["difference"]["value"])

    new_path = f"/v1/reports/{found.report.id.hex()}/document?format=pdf&language=en"
    new_pdf = ledger.get(new_path, "bank").content
    for pdf, bundle in ((old_pdf, old_bundle), (new_pdf, new_bundle)):
        assert reader.evidence(pdf) == bundle
        assert verify(bundle, year.policy()).verdict == "VALID"
        make.check(pdf)
    file = tmp_path / "new.pdf"
    file.write_bytes(new_pdf)
    text = "".join(page.extract_text() for page in PdfReader(file).pages).replace("\n", "").replace(",", "")
    assert str(new["emission"]["value"]) in text

    ledger.follow()
    news = ledger.get("/v1/notifications", "bank").json()["items"]
    assert [(item["kind"], item["new"], item["old"]) for item in news] == [
        ("restated", found.report.id.hex(), old.report_id.hex())
    ]
    (again_told,) = ledger.get("/v1/notifications", "enterprise").json()["items"]
    assert (again_told["kind"], again_told["new"]) == ("footprint-restated", found.report.id.hex())
    held = {pf["id"]: pf for pf in ledger.get("/3/footprints", "bank").json()["data"]}
    (name,) = again_told["footprints"]
    assert (held[sold["id"]]["status"], held[name]["status"]) == ("Deprecated", "Active")
    assert held[name]["precedingPfIds"] == [sold["id"]]
    assert Decimal(held[name]["pcf"]["pcfExcludingBiogenicUptake"]) == per_kg(found.statement.emission, 1000)
    assert held[sold["id"]]["pcf"] == sold["pcf"]  # what was published stays as it was
    assert "verification" in sold["pcf"] and "verification" not in held[name]["pcf"]  # nobody verified the new figure
    assert found.report.id.hex() in held[name]["comment"]
    news_of = [item["event"] for item in ledger.get("/3/x-carbonledger-events", "bank").json()["data"]]
    assert [event["data"]["pfIds"] for event in news_of] == [[sold["id"]], [name]]
    document = ledger.get(f"/v1/footprints/{name}/document", "enterprise").content
    recomputed = ledger.client.post("/v1/footprint", content=document, headers={"Content-Type": "application/json"})
    assert recomputed.json()["plant"]["emission"]["value"] == str(found.statement.emission)

    with ledger.engine.connect() as connection:
        (content,) = connection.exec_driver_sql("SELECT content FROM job WHERE kind = 'additional-obligation'").one()
    assert json.loads(content)["difference_g"] == told["difference"]["value"]


FILING = f"""
member = "{{member}}"
rule_set = "{consortium.RULE_SET}"

[[meter]]
device = "{plant.METER}"
unit = "{plant.UNIT}"
line = "{plant.LINE}"
"""


def test_the_command_says_what_a_restatement_would_change_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        year = SmallYear(tmp_path, stack)
        correct(year)
        head = year._head()
        chain_id, directory = year.chain.chain_id, year.deployment.directory.hex()
        member, old = year.cast["enterprise"], year.report
    home = tmp_path / "oracle"
    shutil.move(tmp_path / "chain", home / "chain")
    for name, secret in (("relayer.key", "11" * 32), ("member.key", member.key.hex())):
        (home / name).touch(mode=0o600)
        (home / name).write_text(secret)
    chain = ChainSettings(url="embedded:", directory=directory)
    (home / "oracle.toml").write_text(format_toml(OracleSettings(plant.ORIGIN, chain_id, chain=chain)))
    (home / "filing.toml").write_text(FILING.format(member=member.code))
    asked = ["restate", "--home", str(home), "--year", str(YEAR), "--key", str(home / "member.key"), "--dry-run"]
    assert main([*asked, "--reason", REASON]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [month["month"] for month in told["months"]] == [3]
    assert (told["replaces"], told["reason"]) == (old.report_id.hex(), REASON)
    assert told["before"]["value"] == str(old.statement.emission)
    assert int(told["after"]["value"]) - int(told["before"]["value"]) == int(told["difference"]["value"]) > 0
    node = OracleNode.open(home, wall_clock, OracleSettings(plant.ORIGIN, chain_id))
    try:
        assert node.size == head.size  # nothing was entered
    finally:
        node.close()
    assert main([*asked[:4], "1999", *asked[5:], "--reason", REASON]) == 2
    assert "expected gbt32150-2015" in capsys.readouterr().err
    (home / "filing.toml").write_text('member = "x"')
    assert main([*asked, "--reason", REASON]) == 2
    assert "rule_set" in capsys.readouterr().err
