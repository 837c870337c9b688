"""The plants of docs/examples: API, command and a calculation by hand agree; each year ends in a PDF that is valid."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction as F
from math import floor
from pathlib import Path

import pytest
from pypdf import PdfReader

from carbonledger.cli import main
from carbonledger.verify import verify
from ledger_node.reports import make, reader
from ledger_node.reports.options import Options
from tests.integration.api_kit import LedgerApi, ledger_api
from tests.integration.plant_kit import PlantYear

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
CO2 = F(44, 12)
DIESEL = F("42.652") * F("0.02020") * F("0.98") * CO2  # tCO2/t
NATURAL_GAS = F("389.310") * F("0.01532") * F("0.99") * CO2  # tCO2/10^4 Nm3
GRID = F("0.5306")  # tCO2e/MWh


def power_unit() -> F:
    # month: coal received (t), carbon (tC/t) of the first 60,000 t, of the rest
    months = {
        1: ("142310.40", "0.5512", "0.5478"), 2: ("121870.20", "0.5490", "0.5523"),
        3: ("128450.60", "0.5534", "0.5467"), 4: ("112230.80", "0.5501", "0.5519"),
        5: ("118640.50", "0.5488", "0.5495"), 6: ("134520.30", "0.5527", "0.5531"),
        7: ("156210.70", "0.5476", "0.5508"), 9: ("127340.90", "0.5515", "0.5482"),
        10: ("109870.60", "0.5499", "0.5536"), 11: ("131240.20", "0.5521", "0.5473"),
        12: ("149560.80", "0.5507", "0.5518"),
    }  # fmt: skip
    carbon = F(0)
    for month, (coal, first, rest) in months.items():
        mean = (60_000 * F(first) + (F(coal) - 60_000) * F(rest)) / F(coal)
        mean = F(floor(mean * 10**18 + F(1, 2)), 10**18)  # as the register keeps it
        carbon += F(coal) * mean * (F("1.005") if month == 5 else 1)  # May: the scale was not calibrated
    carbon += F("158930.10") * F("26.7") * F("0.03085")  # August: no lab value
    return carbon * F("0.99") * CO2 + F("186.4") * DIESEL + F("2140.8") * GRID


def cement_line() -> F:
    fuel = F("213450.60") * F("22.914") * F("0.02618") * F("0.99") * CO2 + F("142.35") * DIESEL
    return fuel + F("1548200.40") * F("0.535") - F("46230.75") * F("0.480") - F("18120.20") * F("0.215")


def hundredth(tonnes: F) -> F:
    """Half up to two decimals, as the steel guideline rounds each source."""
    return F(floor(tonnes * 100 + F(1, 2)), 100)


def steel_works() -> F:
    sources = [
        F("9840.50") * F("25.024") * F("0.02749") * CO2,
        F("2460.80") * F("389.310") * F("0.01532") * CO2,
        F("21350.40") * F("0.440"), F("8640.20") * F("0.476"), F("1284.60") * F("3.663"),
        F("842300.50") * F("0.037"), F("118400.20") * F("0.172"), F("36200.00") * F("0.073"),
        F("3120.40") * F("0.007"), F("9860.30") * F("0.092"),
    ]  # fmt: skip
    total = sum(map(hundredth, sources)) - hundredth(F("901250.00") * F("0.037"))
    return F(floor(total + F(1, 2)))


def aluminium_smelter() -> F:
    metal = F("251340.60")
    anode = metal * F("0.4128") * (1 - F("0.0185") - F("0.0038")) * CO2
    effects = metal * (F("0.034") * 6630 + F("0.0034") * 11_100) / 1000
    return anode + effects + F("812.40") * NATURAL_GAS


def carbon_materials() -> F:
    volatile = F(12, 16)
    calcination = F("118200.40") * F("0.874") - F("87140.20") * F("0.988")
    calcination += -F("420.50") * F("0.961") - F("1160.80") * F("0.972")
    calcination += F("0.8") * volatile * (F("118200.40") * F("0.102") - F("87140.20") * F("0.005"))
    baking = F("3420.60") * F("0.883") + F("94160.30") * F("0.926") - F("790.40") * F("0.995")
    baking += -F("89880.10") * F("0.982")
    baking += F("0.7") * volatile * (F("3420.60") * F("0.030") + F("94160.30") * F("0.067"))
    graphite = F("5080.20") * F("0.901") + F("29640.70") * F("0.982") - F("142.30") * F("0.995")
    graphite += -F("28720.50") * F("0.996") + F("0.6") * volatile * F("5080.20") * F("0.012")
    desulphurisation = F("1760.40") * F("0.440") * F("0.925") * F("0.98")
    burnt = F("305.60") * NATURAL_GAS
    return (calcination + baking + graphite) * CO2 + desulphurisation + burnt + F("152480.6") * GRID


def machinery_plant() -> F:
    leaked = (F("1284.2") + F("8310.5") - F("1012.6") - F("8455.3")) / 1000 * 23_500
    welding = F("84.6") * 44 * F("0.2") / (44 * F("0.2") + F("39.948") * F("0.8"))
    steam = 2460 * (F("2777.1") - F("83.74")) / 1000 * F("0.11")
    return F("46.80") * NATURAL_GAS + leaked + welding + F("12840.6") * GRID + steam


BY_HAND = {
    "aluminium-smelter": aluminium_smelter,
    "carbon-materials": carbon_materials,
    "cement-line": cement_line,
    "machinery-plant": machinery_plant,
    "power-unit": power_unit,
    "steel-works": steel_works,
}


def activity(name: str) -> bytes:
    return (EXAMPLES / name / "activity.json").read_bytes()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path_factory.mktemp("api")) as made:
        yield made


def test_every_plant_of_the_documentation_is_computed_by_hand() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/activity.json")} == set(BY_HAND)


@pytest.mark.parametrize("name", BY_HAND)
def test_api_and_command_give_what_a_calculation_by_hand_gives(
    name: str, api: LedgerApi, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = api.post("/v1/calculate", content=activity(name), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert main(["calculate", str(EXAMPLES / name / "activity.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == answer.json()
    assert answer.json()["emission"] == {"unit": "g", "value": str(floor(BY_HAND[name]() * 10**6))}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_page_of_a_plant_prints_its_result_and_says_where_its_numbers_are_from(name: str) -> None:
    page = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    (printed,) = re.findall(r"\*\*([0-9,.]+) tCO2e\*\*", page)
    assert F(printed.replace(",", "")) * 10**6 == floor(BY_HAND[name]() * 10**6)
    for value in re.findall(r'"value": "([^"]+)"', activity(name).decode()):
        assert value in page.replace(",", ""), f"{value} is not in the table"


def test_odd_months_of_the_power_unit_are_told(api: LedgerApi) -> None:
    found = api.post("/v1/calculate", content=activity("power-unit")).json()
    warned = {(told["code"], told["path"]) for told in found["warnings"] if told["code"] == "missing-value"}
    assert warned == {("missing-value", f"$.lines[7].parameters.{name}") for name in ("ncv", "cc")}
    (may,) = [line for line in found["lines"] if line["code"] == "coal-carbon" and line["month"] == 5]
    assert may["quantity"]["value"] == str(118_640_500_000 * 1005 // 1000)


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_HAND)
def test_a_plants_year_ends_in_a_pdf_whose_evidence_is_valid(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        year = PlantYear(tmp_path, stack, activity(name))
        bundle, policy = year.bundle.read_bytes(), year.policy()
    expected = floor(BY_HAND[name]() * 10**6)
    assert year.report.statement.emission == expected
    verdict = verify(bundle, policy)
    assert verdict.verdict == "VALID", [
        step for step in verdict.steps if step.verdict not in ("valid", "not-applicable")
    ]
    assert "rest on" in verdict.step(14).reason and f"give {expected} gCO2e" in verdict.step(14).reason
    document = make.make(bundle, Options(language="en"), "pdf")
    assert reader.evidence(document) == bundle
    file, trusted = tmp_path / "report.pdf", tmp_path / "policy.toml"
    file.write_bytes(document)
    trusted.write_text(policy.format(), encoding="utf-8")
    assert main(["verify", str(file), "--policy", str(trusted)]) == 0
    assert main(["report", "check", str(file)]) == 0
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    assert f"{expected:,}" in text or str(expected) in text.replace("\n", "")
    amount = str(expected).encode()
    assert bundle.count(amount) == 1
    changed = bundle.replace(amount, str(expected - 1).encode())
    assert verify(changed, policy).verdict == "INVALID"
