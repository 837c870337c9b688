"""The page's modules and the command judge certificates and the bundles of codes and grades alike."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import library, on_chain, rational
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.bundle.assessment import Statement
from carbonledger.bundle.needs import Need
from carbonledger.errors import CarbonLedgerError
from carbonledger.handed import verify_handed
from carbonledger.records import KINDS, Record, position_id
from scripts import build_browser_records
from tests.support.actors import ENTERPRISE, REGULATOR, VERIFIER, key
from tests.support.assessed import AssessedWorld, case_id, example
from tests.support.mutations import mutated, one_byte
from tests.support.twin import Case, ask, compare
from tests.support.units import CANCELLED, CARRIED, CARRYING, OFFSETS, OLD, PENDING, PROJECT, SINCE, ZERO, UnitsWorld
from tests.support.world import World

(RULES,) = library.code_rules()
SCHEMES = {scheme.head.key: scheme for scheme in library.schemes()}
CODE = example("code", "code-1")
PEERS = Statement(PeerStatistics.parse(Node(CODE["peers"]["statistics"])), 1)
FROZEN = {"series": [{"name": "e", "interval": "month", "values": ["16500"] * 3}]}
IN_APRIL = on_chain.start_of(date(2026, 4, 20))
"""When a newcomer was admitted: in the first month of the quarter."""
OUTSIDE = {"peers": CODE["peers"] | {"emission": "300000"}}


def test_the_page_has_the_table_of_records_as_it_is() -> None:
    assert build_browser_records.TARGET.read_text("utf-8") == build_browser_records.build()


def test_every_kind_of_record_has_the_same_id_and_digest() -> None:
    rng = random.Random(3)
    cases, wanted = [], []
    for kind in KINDS.values():
        values: dict[str, Any] = {}
        for field in kind.fields:
            match field.type:
                case "bytes32" | "address":
                    values[field.name] = rng.randbytes(32 if field.type == "bytes32" else 20)
                case "bool":
                    values[field.name] = rng.random() < 0.5
                case number:
                    values[field.name] = rng.getrandbits(int(number[4:]))
        record = Record.of(kind.name, **values)
        cases.append({"door": "record", "value": [kind.name, *record.to_json()]})
        wanted.append([record.id.hex(), record.digest().hex()])
    assert ask(cases) == wanted


# --- certificates


def certificates() -> Iterator[Case]:
    for engine in ("embedded", "qbft"):
        world = UnitsWorld(engine=engine)
        for subject in (OLD, CARRIED):
            yield world.certificate("title", subject), world.policy
        yield world.certificate("retirement", CANCELLED), world.policy


def test_honest_certificates_are_valid_with_the_same_words_and_undecided_without_trust() -> None:
    honest = list(certificates())
    assert set(compare(honest)) == {"VALID"}
    assert set(compare((data, None) for data, _ in honest[:3])) == {"INDETERMINATE"}


def test_certificates_of_worlds_in_which_something_is_wrong_fail_at_the_same_steps() -> None:
    position = position_id(ENTERPRISE, CARRIED)
    changes: list[tuple[str, bytes, dict[str, Any]]] = [
        ("tally", OLD, {"carried": 2_999}),
        ("tally", OLD, {"issued": 5_001}),
        ("lot", OLD, {"vintage": 2025}),
        ("lot", OLD, {"issuedAt": SINCE + 10}),
        ("lot", CARRIED, {"kind": 3}),
        ("lot", CARRIED, {"amount": 0}),
        ("lot", CARRIED, {"issuedAt": 2**40}),
        ("position", position, {"trading": 1}),
        ("offsetproject", PROJECT, {"owner": ZERO}),
        ("tally", OFFSETS, {"cancelled": 39}),
        ("disposal", CANCELLED, {"decidedAt": 2**40}),
        ("disposal", CANCELLED, {"purpose": 7}),
    ]
    cases: list[Case] = []
    for kind, identifier, values in changes:
        world = UnitsWorld({(kind, identifier): values})
        cases += [(world.certificate("title", CARRIED), world.policy)]
        cases += [(world.certificate("retirement", CANCELLED), world.policy)]
    world = UnitsWorld()
    cases += [(world.certificate("retirement", subject), world.policy) for subject in (PENDING, CARRYING)]
    cases += [(world.certificate("title", OFFSETS), world.policy)]
    cases += [(world.with_more("title", CARRIED, Need("tally", OFFSETS)), world.policy)]
    forged = UnitsWorld(seal_key=key("es256k", "stranger"))
    cases += [(forged.certificate("title", OLD), forged.policy)]
    verdicts = compare(cases)
    assert verdicts.count("INVALID") >= len(changes) + 5


# --- codes and grades


def codes() -> dict[str, AssessedWorld]:
    aside = {"member": ENTERPRISE, "year": 2026, "quarter": 2, "finding": 2, "inspector": VERIFIER, "second": REGULATOR}
    signed = [VERIFIER.hex(), REGULATOR.hex()]
    suppressed = [{"rule": "S01", "reason": "constant load", "signed_by": signed}]
    sections = {name: CODE[name] for name in ("as_of", "period", "rule_set", "subject")}
    red = CODE | OUTSIDE | FROZEN
    last_three = CODE["filings"] | {"months": CODE["filings"]["months"][-3:]}
    case = aside | {"caseId": case_id("one"), "reasons": 1 << 32}
    return {
        "green": AssessedWorld("code", CODE, RULES, (PEERS,)),
        "red": AssessedWorld("code", red, RULES, (PEERS,)),
        "newcomer": AssessedWorld("code", CODE | {"filings": last_three}, RULES, (PEERS,), admitted=IN_APRIL),
        "grey": AssessedWorld("code", sections, RULES),
        "set aside": AssessedWorld("code", red | {"suppressions": suppressed}, RULES, (PEERS,), inspections=(case,)),
        "set aside by nobody": AssessedWorld("code", red | {"suppressions": suppressed}, RULES, (PEERS,)),
        "set aside for another quarter": AssessedWorld(
            "code", red | {"suppressions": suppressed}, RULES, (PEERS,), inspections=(case | {"quarter": 1},)
        ),
    }


def four_quarters(level: str, industry: str) -> tuple[Statement, ...]:
    """Statements of 2025Q3 to 2026Q2."""
    firms = [(Fraction(300 + 7 * n), Fraction(280 + 11 * n, 2)) for n in range(12)]
    periods = [(2025, 3), (2025, 4), (2026, 1), (2026, 2)]
    return tuple(
        Statement(PeerStatistics.of(industry, level, period, firms[: 10 + period[1]]), 1) for period in periods
    )


def graded(key_of_scheme: str, levels: tuple[tuple[str, str], ...] = (), **given: Any) -> AssessedWorld:
    """A grade whose peers are the sums of what was published."""
    document = copy.deepcopy(example("grade", key_of_scheme))
    inputs = {name: value for name, value in (document["inputs"] | given).items() if value is not None}
    statements = [four_quarters(*level) for level in levels]
    if SCHEMES[key_of_scheme].method in ("weighted-score", "efficiency-code"):
        inputs["peers"] = [
            {
                "level": four[0].statistics.level,
                "industry": four[0].statistics.industry,
                "n": min(s.statistics.n for s in four),
                "emission": rational.fixed(sum((s.statistics.emission for s in four), Fraction(0)), 2),
                "value_added": rational.fixed(sum((s.statistics.value_added for s in four), Fraction(0)), 2),
            }
            for four in statements
        ]
    before = inputs.get("before")
    flat = tuple(one for four in statements for one in four)
    return AssessedWorld("grade", document | {"inputs": inputs}, SCHEMES[key_of_scheme], flat, before=before)


def grades() -> dict[str, AssessedWorld]:
    peers = (("4-digit", "2521"), ("all", "all"))
    held = {"grade": "light", "reached": "medium"}
    return {
        **{scheme: graded(scheme) for scheme in SCHEMES},
        "peers": graded("gcg-1", peers),
        "efficiency": graded("carbon-efficiency-code", peers),
        "held": graded("gcg-1", peers, before=held),
        "veto": graded("gcg-1", peers[:1], veto="yes", code="red"),
        "by the month": graded("gcg-1", peers[1:], emission=None, months=[month(n) for n in range(11)]),
        "too few months": graded("gcg-1", peers[1:], emission=None, months=[month(n) for n in range(9)]),
    }


def month(number: int) -> dict[str, Any]:
    at = 12 * 2025 + 6 + number
    return {"month": f"{at // 12}-{at % 12 + 1:02d}", "emission": {"unit": "kg", "value": f"{90 + number}.5"}}


@pytest.fixture(scope="module")
def assessed() -> dict[str, AssessedWorld]:
    return codes() | grades()


def test_codes_and_grades_are_judged_alike_and_say_the_same(assessed: dict[str, AssessedWorld]) -> None:
    cases: list[Case] = [(world.bundle(), world.policy) for world in assessed.values()]
    found = dict(zip(assessed, compare(cases), strict=True))
    wrong = ("set aside by nobody", "set aside for another quarter")
    assert found == {name: "INVALID" if name in wrong else "VALID" for name in assessed}
    loose: list[Case] = [(assessed[name].bundle(), None) for name in ("red", "held")]
    loose += [(assessed[name].bundle(with_chain=False), assessed[name].policy) for name in ("red", "held")]
    assert set(compare(loose)) == {"INDETERMINATE"}


def test_records_that_do_not_follow_fail_at_step_16_in_both(assessed: dict[str, AssessedWorld]) -> None:
    wrong: list[AssessedWorld] = [
        AssessedWorld("code", CODE, RULES, (PEERS,), changes={kind: values})
        for kind, values in [
            ("assessment", {"colour": 2}),
            ("assessment", {"colour": 0}),
            ("assessment", {"colour": 9}),
            ("assessment", {"points": 1}),
            ("assessment", {"reasons": 1}),
            ("assessment", {"statisticsDigest": ZERO}),
            ("assessment", {"explainDigest": ZERO}),
            ("assessment", {"inputsDigest": ZERO}),
            ("assessment", {"quarter": 1}),
            ("assessment", {"member": VERIFIER}),
            ("assessment", {"assessor": VERIFIER}),
            ("assessmentset", {"formDigest": ZERO}),
            ("statistics", {"digest": ZERO}),
            ("statistics", {"revision": 2}),
        ]
    ]
    last_year = CODE["peers"]["statistics"] | {"period": {"quarter": 2, "year": 2025}}
    older = Statement(PeerStatistics.parse(Node(last_year)), 1)
    wrong.append(AssessedWorld("code", CODE | {"peers": CODE["peers"] | {"statistics": last_year}}, RULES, (older,)))
    months = CODE["filings"]["months"]  # one that was the enterprise's duty is left out
    wrong.append(AssessedWorld("code", CODE | {"filings": CODE["filings"] | {"months": months[:-1]}}, RULES, (PEERS,)))
    held = assessed["held"]
    wrong += [
        AssessedWorld("grade", held.inputs, held.published, held.statements, before=before, changes={"grade": values})
        for before, values in [
            (None, {"score": 1}),
            (None, {"schemeKey": ZERO}),
            (None, {}),  # its inputs name a grade before that is not there
            ({"grade": "deep", "reached": "medium"}, {}),
        ]
    ]
    wrong += [
        AssessedWorld(
            "grade", held.inputs, held.published, held.statements[1:], before={"grade": "light", "reached": "medium"}
        )
    ]
    beside = (*held.statements, *four_quarters("3-digit", "252"))  # statements that no group of the inputs is of
    before = {"grade": "light", "reached": "medium"}
    wrong.append(AssessedWorld("grade", held.inputs, held.published, beside, before=before))
    level = assessed["efficiency"]  # its peers are sums of statements too
    wrong.append(AssessedWorld("grade", level.inputs, level.published, level.statements[1:]))
    cases: list[Case] = [(world.bundle(), world.policy) for world in wrong]
    assert set(compare(cases)) == {"INVALID"}
    for data, policy in cases:
        assert verify_handed(data, policy).step(16).verdict == "invalid"


def test_bundles_with_one_change_are_judged_alike_and_never_valid(assessed: dict[str, AssessedWorld]) -> None:
    rng = random.Random(20260820)
    units = UnitsWorld()
    honest: list[Case] = [(assessed[name].bundle(), assessed[name].policy) for name in ("red", "set aside", "held")]
    honest += [(assessed[name].bundle(), assessed[name].policy) for name in ("c4-1", "h3-1", "carbon-efficiency-code")]
    honest += [(units.certificate("title", CARRIED), units.policy)]
    honest += [(units.certificate("retirement", CANCELLED), units.policy)]
    cases: list[Case] = []
    for data, policy in honest:
        cases += [(one_byte(data, rng), policy) for _ in range(12)]
        for name, part in json.loads(data).items():
            for _ in range(0 if isinstance(part, (str, int)) else 6):
                try:
                    cases.append((jcs.encode(json.loads(data) | mutated({name: part}, rng)), policy))
                except CarbonLedgerError:
                    continue
    changed = [(data, policy) for data, policy in cases if (data, policy) not in honest]
    assert len(changed) > 150
    assert "VALID" not in compare(changed)


def test_a_kind_of_record_that_no_build_knows_is_undecided_and_one_that_is_out_of_place_invalid() -> None:
    units, world = UnitsWorld(), World()
    cases: list[Case] = []
    for data, policy in ((units.certificate("title", OLD), units.policy), (world.reading_bundle(), world.policy)):
        for record in (["zebra", 1], ["workingyear", 2026, 1, 0, 0, "00" * 32]):
            value = json.loads(data)
            value["chain"]["records"].append(record)
            value["chain"]["records"].sort(key=lambda item: item[0])
            cases.append((jcs.encode(value), policy))
    assert compare(cases) == ["INDETERMINATE", "INVALID"] * 2
