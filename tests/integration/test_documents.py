"""A year with a line by documents, from the desk to a bundle and a package that verify; and its restatement."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import httpx2
import pytest

from carbonledger import jcs
from carbonledger.bundle import Bundle
from carbonledger.entry import READING_PREFIX, Evidence, EvidenceType
from carbonledger.errors import Invalid, Malformed, Refused
from carbonledger.identifiers import object_id
from carbonledger.mrv.evidence import Manual, Measured
from carbonledger.periods import month_bounds
from carbonledger.replay import replay
from carbonledger.verify import verify
from ledger_node.chain.bindings import report_registry
from oracle import documents, enrolment, filing
from oracle.__main__ import main
from oracle.disclosure import Disclosure, Reported
from oracle.filing import Month
from oracle.node import OracleNode
from oracle.package import export
from oracle.server import create_app
from scripts.mainjob import plant
from scripts.mainjob.report import file_and_approve
from tests.integration.oracle_kit import NOW_MS, make_node, secret_key, serving
from tests.integration.sharing_kit import FILING_MS, YEAR, SmallYear

ITEM = object_id(plant.UNIT)
ONE = 10**18
LINE = "fuel-heat-mass"


def coal(month: int, grams: int, document: int, *, replaces: int | None = None) -> Manual:
    """A month's coal by its invoice, with what the laboratory found."""
    measured = {
        "ncv": Measured("kJ/g", 22 * ONE + month),
        "cc": Measured("gC/kJ", 26 * ONE // 1000),
        "of": Measured("1", 99 * ONE // 100),
    }
    return Manual(
        line=LINE,
        item=ITEM,
        year=YEAR,
        month=month,
        period=month_bounds(YEAR, month),
        reason="invoice",
        quantity=grams,
        unit="g",
        parameters=measured,
        documents=(document,),
        replaces=replaces,
    )


class CoalYear(SmallYear):
    """The small year, with coal by invoice in every month."""

    def _close_and_file(self) -> list[Month]:
        self.clock.set_ms(FILING_MS)
        self.invoices = []
        self.entries = []
        for month in range(1, 13):
            at = documents.add(self.node, b"invoice %d" % month, name=f"invoice {month}", purpose="invoice")
            self.invoices.append(at)
            self.entries.append(documents.enter(self.node, coal(month, month * 10**9, at)))
        return super()._close_and_file()

    def reported(self) -> Reported:
        return Reported(
            self.report.report_id,
            self.owner,
            YEAR,
            self.report.statement,
            self.report.months,
            self.report.month_ids,
            ((plant.UNIT, (plant.METER,)),),
        )

    def disclosure(self) -> Disclosure:
        keys = self.node.log.keys
        log, witness = (keys.verifier, keys.eip712_verifier), (self._witness.vkey, self._witness.eip712_vkey)
        return Disclosure(self.node, self.chain, self.relay.addresses, log, witness)

    def restate(self, month: int, filed: Month, month_id: bytes) -> list[bytes]:
        """File a month again in place of the one that is filed; the twelve ids."""
        act = self.carry(
            f"month/{month}/again",
            lambda: filing.month_act(filed, self.owner, self.relay.deadline(), month_id),
            "enterprise",
            plant.NOBODY,
        )
        ids = list(self.report.month_ids)
        ids[month - 1] = act.id
        return ids


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoalYear]:
    with ExitStack() as stack:
        yield CoalYear(tmp_path_factory.mktemp("coal"), stack)


def test_the_figures_of_a_year_rest_on_its_documents_and_a_correction_restates_it(
    year: CoalYear, tmp_path: Path
) -> None:
    first = year.bundle.read_bytes()
    step = verify(first).step(14)
    assert step.verdict == "valid", step
    assert "quantities of fuel-heat-mass" in step.reason
    assert "12 manual entries and 12 documents" in step.reason
    assert not verify(first).verdict.startswith("INVALID")

    evidence = year.disclosure().evidence(year.reported(), year.chain.head().number)
    path = tmp_path / "audit.zip"
    export(year.node, year.disclosure(), year.reported(), evidence, first, path)
    replayed = replay([path.read_bytes()]).packages[0]
    assert replayed.step(13).verdict == "valid", replayed.to_json()
    assert not [s for s in replayed.steps if s.verdict == "invalid"]
    assert path.read_bytes().count(b"documents/") == 24  # twelve documents, each in its head and in the directory
    broken = path.read_bytes().replace(b"invoice 7", b"invoice 9", 1)
    assert replay([broken]).verdict == "INVALID"

    # the invoice of March was wrong: a correction, the month again, a report in place of the approved one
    corrected = coal(3, 4 * 10**9, year.invoices[2], replaces=year.entries[2])
    documents.enter(year.node, corrected)
    head = year._head()
    again = filing.month(year.node, year.owner, plant.POINTS, YEAR, 3, head)
    old, before = year.report, year.report.month_ids[2]
    ids = year.restate(3, again, before)
    months = [*year.months[:2], again, *year.months[3:]]
    year.report = file_and_approve(year.relay, year.cast, months, head, YEAR, replaces=old.report_id, month_ids=ids)
    grams = 10**9 * (22 * ONE + 3) * (26 * ONE // 1000) * (99 * ONE // 100) * 44
    assert abs((year.report.statement.emission - old.statement.emission) - grams // (12 * ONE**3)) <= 1
    registry = year.relay.addresses["ReportRegistry"]
    held = report_registry.decode_report_of(year.chain.call(registry, report_registry.encode_report_of(old.report_id)))
    assert (held.status, held.emission) == (6, old.statement.emission)  # replaced, and still readable
    second = year._bundle()
    assert verify(second).step(14).verdict == verify(second).step(13).verdict == "valid"
    assert verify(first).step(14).verdict == "valid"  # the bundle of what was replaced is what it was
    assert Bundle.parse(second).report != Bundle.parse(first).report


def test_a_document_is_kept_once_and_the_same_value_is_entered_once(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    first = documents.add(node, b"paper", name="a", purpose="invoice", number="7")
    assert documents.add(node, b"paper", name="a", purpose="invoice", number="7") == first
    assert documents.read(node, hashlib.sha256(b"paper").hexdigest()) == b"paper"
    entered = documents.enter(node, coal(1, 5, first))
    assert documents.enter(node, coal(1, 5, first)) == entered
    corrected = documents.enter(node, coal(1, 6, first, replaces=entered))
    assert documents.enter(node, coal(1, 6, first, replaces=entered)) == corrected
    assert [m.quantity for m in documents.listed(node).manuals.values()] == [6]
    assert documents.listed(node).flags() == []
    documents.enter(node, coal(2, 6, first))
    assert [flag.name for flag in documents.listed(node).flags()] == ["document-twice", "document-twice"][:1]
    with pytest.raises(Refused, match="document 0"):
        documents.enter(node, coal(1, 5, 0))
    with pytest.raises(Invalid, match="replaces entry"):
        documents.enter(node, coal(3, 5, first, replaces=corrected))
    with pytest.raises(Malformed, match="size of a document"):
        documents.keep(node, b"")
    node.close()


def test_a_person_sends_a_document_over_http_and_other_bytes_are_refused(tmp_path: Path) -> None:
    clerk = secret_key("clerk")
    node = make_node(tmp_path)
    enrolment.enrol_person(node, "CLERK-1", clerk.public.data)
    digest = hashlib.sha256(b"report").hexdigest()
    content = {"digest": digest, "media_type": "application/pdf", "name": "lab", "purpose": "lab-report", "size": 6}
    body = jcs.encode({"b": content, "d": "CLERK-1", "k": "document", "n": "ab" * 16, "q": 0, "t": NOW_MS, "v": 1})

    def sent(data: bytes, signature: bytes) -> dict[str, str]:
        a = Evidence(EvidenceType.PERSON, clerk.public.short_id, signature).format()
        return {name: base64.b64encode(raw).decode() for name, raw in (("document", data), ("r", body), ("a", a))}

    good = clerk.sign(READING_PREFIX + body)
    with serving(create_app(node, own_loop=False)) as url, httpx2.Client(base_url=url, trust_env=False) as client:
        assert client.post("/documents", json=sent(b"other!", good)).status_code == 400
        assert client.post("/documents", json=sent(b"report", bytes(64))).status_code == 422
        assert documents.read(node, digest) is None
        assert client.post("/documents", json=sent(b"report", good)).json()["accepted"] == 1
        assert client.post("/documents", json=sent(b"report", good)).json()["duplicate"] == 1
    assert documents.read(node, digest) == b"report"
    node.close()


def test_the_commands_enter_a_lab_report_and_say_that_it_is_late(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert (
        main(["enrol", "gateway", "GATEWAY-1", "--home", str(home), "--origin", "a.example/b", "--chain-id", "7"]) == 0
    )
    file = tmp_path / "lab.pdf"
    file.write_bytes(b"%PDF lab")
    capsys.readouterr()
    dates = ["--sampled", "2025-03-01", "--issued", "2025-04-11"]
    assert main(["document", "add", str(file), "--home", str(home), "--purpose", "lab-report", *dates]) == 0
    index = capsys.readouterr().out.strip()
    value = ["--line", LINE, "--item", "PLANT-1", "--month", "2025-03", "--quantity", "12.5", "t"]
    value += ["--parameter", "ncv", "22.5", "GJ/t", "--document", index, "--reason", "belt scale failed"]
    assert main(["manual", "--home", str(home), *value]) == 0
    assert main(["document", "list", "--home", str(home)]) == 1
    assert "came 41 days after its sample" in capsys.readouterr().out
    node = OracleNode.open(home, lambda: NOW_MS)
    (entered,) = documents.listed(node).manuals.values()
    assert (entered.quantity, entered.unit, dict(entered.parameters or {})) == (
        12_500_000,
        "g",
        {"ncv": Measured("kJ/g", 22_500_000_000_000_000_000)},
    )
    assert date.fromisoformat("2025-03-01") == documents.listed(node).documents[int(index)].sampled
    node.close()


def test_a_percentage_by_hand_says_of_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert main(["enrol", "gateway", "GATEWAY-1", *home, "--origin", "a.example/b", "--chain-id", "7"]) == 0
    entry = ["manual", *home, "--line", "coal-carbon-ad", "--month", "2025-03", "--reason", "laboratory"]
    capsys.readouterr()
    assert main([*entry, "--parameter", "c_ad", "58.3", "%"]) == 2
    said = capsys.readouterr().err
    assert "%[gC/g], which is 0.583 gC/g or %[1], which is 0.583 1" in said
    assert main([*entry, "--parameter", "c_ad", "58.3", "%[kJ/g]"]) == 2
    both = ["--parameter", "c_ad", "58.3", "%[gC/g]", "--parameter", "m_ar", "12.4", "%[1]", "--conservative", "m_ar"]
    assert main([*entry, *both, "--missing", "m_ad", "balance broken"]) == 0
    scale = ["--quantity", "10", "t", "--case", "late", "--required", "0.5", "%"]
    assert main([*entry, *scale]) == 2  # a late case needs what was found, and what was covered
    assert main([*entry, *scale, "--calibrated", "0.4", "%", "--covered", "4.5", "t"]) == 0
    assert main([*entry, "--case", "not-calibrated", "--device", "SCALE-1", "--required", "0.5", "%"]) == 0
    node = OracleNode.open(tmp_path / "home", lambda: NOW_MS)
    values, late, device = documents.listed(node).manuals.values()
    node.close()
    assert values.parameters == {
        "c_ad": Measured("gC/g", 583 * ONE // 1000),
        "m_ar": Measured("1", 124 * ONE // 1000, tier="conservative"),
    }
    assert values.missing == {"m_ad": "balance broken"}
    assert (late.quantity, late.counted) == (10_000_000, 4_500_000 + 5_500_000 * 1005 // 1000)
    assert device.meter is not None
    assert (device.meter.device, device.meter.counted(1_000)) == ("SCALE-1", 1_005)
