"""Published sets, peer statistics and grades on the chain."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.accounting.names import name32
from carbonledger.assessment import library
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.keccak import keccak256
from carbonledger.records import Record
from ledger_node.chain.bindings import structs
from tests.support.codes import CODE_RULES, SCHEMES, ZERO, Codes, china, sha

DEEP, MEDIUM, LIGHT, NON, NOT_RATED = 0, 1, 2, 3, 255


@pytest.fixture
def graded(world: Any) -> Codes:
    found = Codes(world, china(2027, 2))
    found.rules()
    found.publish(SCHEMES["gcg-1"])
    return found


def standing(codes: Codes, scheme: str = "gcg-1") -> Any:
    return codes.world.ask("GradeRegistry", "standing_of", codes.world["enterprise"].id, ZERO, name32(scheme))


@pytest.mark.parametrize("one", [*library.code_rules(), *library.schemes()], ids=lambda one: one.head.key)
def test_every_set_of_the_package_is_published_with_the_form_that_follows_from_it(world: Any, one: Any) -> None:
    codes = Codes(world)
    codes.publish(one)
    assert world.ask("AssessmentRules", "json", one.id) == one.json()
    assert world.ask("AssessmentRules", "form_of", one.id) == codes.form(one)
    kept = world.ask("AssessmentRules", "set_of", one.id)
    record = Record("assessmentset", (*(getattr(kept, name) for name in ("setId", "key", "kind", "region")),
        kept.validFrom, kept.validTo, kept.status, kept.formDigest))  # fmt: skip
    assert world.record("AssessmentRules", record.key()) == record.digest()


def test_a_regions_scheme_is_data_that_the_quorum_publishes(graded: Codes) -> None:
    """A second scheme, written here, of a region's own numbers: no line of code knows it."""
    source = json.loads(SCHEMES["region-example-1"].json())
    source |= {"key": "harbour-city-2", "region": "Harbour City", "version": "2"}
    source["grades"][0]["least"]["value"] = "90"
    regional = Scheme.parse(jcs.encode(source))
    SCHEMES["harbour-city-2"] = regional
    try:
        graded.publish(regional)
        graded.file_grades(graded.grade_item(0, 0, 9000), scheme="harbour-city-2")
        graded.file_grades(graded.grade_item(MEDIUM, MEDIUM, 7500))
        assert standing(graded, "harbour-city-2").grade == name32(regional.grades[0].key)
        assert standing(graded).grade == name32("medium")
    finally:
        del SCHEMES["harbour-city-2"]


def test_a_set_is_refused_whose_json_or_form_is_another(world: Any, reverted: Any) -> None:
    codes, one = Codes(world), CODE_RULES
    with pytest.raises(reverted, match="AssessmentRulesJsonDiffers"):
        codes.publish(one, setId=sha("another"))
    with pytest.raises(reverted, match="AssessmentRulesFormDiffers"):
        codes.publish(one, formDigest=sha("another"))
    codes.publish(one)
    with pytest.raises(reverted, match="AssessmentRulesKnown"):
        codes.publish(one)


FORM = {
    "key": name32("x"), "kind": 2, "region": ZERO, "validFrom": 1, "validTo": 0, "status": 1, "explainDays": 0,
    "inspectDays": 0, "rectifyDays": 0, "silentQuarters": 0, "vetoQuarters": 0, "clearChangePpm": 0,
    "upgradeMargin": 0, "grades": (structs.GradeRow(name32("a"), 1), structs.GradeRow(name32("b"), 0)),
}  # fmt: skip
CODE = {"kind": 1, "explainDays": 1, "inspectDays": 1, "rectifyDays": 1, "silentQuarters": 1, "vetoQuarters": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": ZERO}, "key"),
        ({"kind": 3}, "kind"),
        ({"validTo": 1}, "validTo"),
        ({"status": 6}, "status"),
        ({"grades": ()}, "grades"),
        ({"grades": (structs.GradeRow(name32("a"), 1), structs.GradeRow(name32("a"), 0))}, "grades"),
        ({"grades": (structs.GradeRow(name32("a"), 1), structs.GradeRow(name32("b"), 2))}, "least"),
        (CODE, "grades"),
        (CODE | {"grades": (), "explainDays": 0}, "explainDays"),
        (CODE | {"grades": (), "inspectDays": 261}, "inspectDays"),
        (CODE | {"grades": (), "rectifyDays": 0}, "rectifyDays"),
        (CODE | {"grades": (), "silentQuarters": 0}, "silentQuarters"),
        (CODE | {"grades": (), "vetoQuarters": 0}, "vetoQuarters"),
        (CODE | {"grades": (), "clearChangePpm": 1_000_001}, "clearChangePpm"),
    ],
)
def test_a_form_that_no_contract_could_use_is_refused(world: Any, reverted: Any, changes: Any, field: str) -> None:
    values = FORM | changes
    form = structs.AssessmentForm(**values)
    rows = [word for row in form.grades for word in (row.key, row.least)]
    head = [getattr(form, name) for name in FORM if name != "grades"]
    words = [len(form.grades), *head, *rows]
    raw = b"".join(word if isinstance(word, bytes) else word.to_bytes(32, "big") for word in words)
    act = world.act("AssessmentPublication", setId=hashlib.sha256(b"{}").digest(), formDigest=keccak256(raw))
    with pytest.raises(reverted, match=f"AssessmentRulesFormWrong.*{field}"):
        world.relay(act, b"{}", form, world.quorum(act))


def test_a_year_has_its_days_and_one_edition_after_the_other(world: Any, reverted: Any) -> None:
    values = {"year": 2026, "edition": 1, "offLow": 1, "offHigh": 0, "sourceDigest": ZERO}

    def publish(**changes: Any) -> None:
        act = world.act("WorkingYear", **values | changes)
        world.relay(act, world.quorum(act))

    full = (1 << 256) - 1
    for wrong in ({"offHigh": 1 << 109}, {"offLow": full, "offHigh": (1 << 109) - 1}, {"year": 1970}):
        with pytest.raises(reverted, match="AssessmentRulesYearWrong"):
            publish(**wrong)
    publish(year=2028, offHigh=1 << 109)  # the 366th day of a leap year
    publish()
    with pytest.raises(reverted, match="AssessmentRulesEditionNotNext"):
        publish()
    publish(edition=2, offLow=2)
    assert world.ask("AssessmentRules", "working_year", 2026).offLow == 2


def test_a_set_is_used_as_what_it_is_and_when_it_holds(graded: Codes, reverted: Any) -> None:
    with pytest.raises(reverted, match="AssessmentRulesOfAnotherKind"):
        graded.file(graded.item(), ruleSetId=SCHEMES["gcg-1"].id)
    source = json.loads(SCHEMES["gcg-1"].json())
    for changes, error in (
        ({"status": "draft", "key": "drafted"}, "AssessmentRulesDraft"),
        ({"valid_to": "2026-06-29", "key": "ended"}, "AssessmentRulesNotInForce"),
        ({"valid_from": "2026-07-01", "key": "later"}, "AssessmentRulesNotInForce"),
    ):
        one = Scheme.parse(jcs.encode(source | changes))
        SCHEMES[one.head.key] = one
        try:
            graded.publish(one)
            with pytest.raises(reverted, match=error):
                graded.file_grades(graded.grade_item(NON, NON, 0), scheme=one.head.key)
        finally:
            del SCHEMES[one.head.key]


def test_a_grade_rises_with_the_margin_or_in_the_second_quarter_and_falls_at_once(graded: Codes, reverted: Any) -> None:
    graded.file_grades(graded.grade_item(LIGHT, LIGHT, 6500), year=2025, quarter=4)
    # 70.00 reaches medium, the margin is 2.00
    with pytest.raises(reverted, match="GradeRegistryTooEarly"):
        graded.file_grades(graded.grade_item(MEDIUM, MEDIUM, 7199), year=2026, quarter=1)
    graded.file_grades(graded.grade_item(LIGHT, MEDIUM, 7199), year=2026, quarter=1)
    graded.file_grades(graded.grade_item(MEDIUM, MEDIUM, 7000), quarter=2)  # reached twice
    graded.file_grades(graded.grade_item(DEEP, DEEP, 8200), quarter=3)  # with the margin
    with pytest.raises(reverted, match="GradeRegistryTooLow"):
        graded.file_grades(graded.grade_item(NON, LIGHT, 6500), quarter=4)
    graded.file_grades(graded.grade_item(LIGHT, LIGHT, 6500), quarter=4)
    assert (standing(graded).grade, standing(graded).quarter) == (name32("light"), 4)
    asked = (graded.world["enterprise"].id, ZERO, name32("gcg-1"), 2026, 1)
    assert graded.world.ask("GradeRegistry", "quarter_of", *asked) == (1, LIGHT, MEDIUM)


def test_a_grade_is_not_better_than_the_score_and_not_of_another_scheme(graded: Codes, reverted: Any) -> None:
    for item, error in (
        (graded.grade_item(MEDIUM, LIGHT, 7500), "GradeRegistryNotReached"),
        (graded.grade_item(MEDIUM, MEDIUM, 6999), "GradeRegistryScoreTooLow"),
        (graded.grade_item(4, 4, 0), "GradeRegistryGradeUnknown"),
        (graded.grade_item(NON, NON, 0, revision=2), "GradeRegistryRevisionNotNext"),
        (graded.grade_item(NON, NON, 0, member=graded.world["bank"].id), "RegistryNotOfKind"),
        (graded.grade_item(NON, NON, 0, statistics_digest=sha("rumour")), "StatisticsRegistryUnknown"),
    ):
        with pytest.raises(reverted, match=error):
            graded.file_grades(item)
    with pytest.raises(reverted, match="GradeRegistryNoItems"):
        graded.file_grades()
    with pytest.raises(reverted, match="GradeRegistryItemsDiffer"):
        graded.file_grades(graded.grade_item(NON, NON, 0), itemsDigest=sha("another list"))
    with pytest.raises(reverted, match="GradeRegistryQuarterNotOver"):
        graded.file_grades(graded.grade_item(NON, NON, 0), year=2027, quarter=1)
    graded.file_grades(graded.grade_item(NOT_RATED, NOT_RATED, 0))
    assert standing(graded).grade == name32("not-rated")
    graded.file_grades(graded.grade_item(DEEP, DEEP, 8000), quarter=3)  # nothing was held


def test_red_suspends_and_fraud_vetoes(graded: Codes, reverted: Any) -> None:
    graded.file_grades(graded.grade_item(DEEP, DEEP, 9000))
    case = graded.red("H07")
    assert (standing(graded).grade, standing(graded).suspended) == (name32("deep"), True)
    graded.explain(case)
    graded.assign(case)
    graded.find(case, 3, "regulator 1")
    with pytest.raises(reverted, match="GradeRegistryVeto"):
        graded.file_grades(graded.grade_item(DEEP, DEEP, 9000), quarter=3)
    graded.file_grades(graded.grade_item(NON, NON, 0), quarter=3)
    assert standing(graded).vetoUntil == china(2028, 4)


def test_a_grade_is_a_record(graded: Codes) -> None:
    world = graded.world
    item = graded.grade_item(MEDIUM, MEDIUM, 7500)
    graded.file_grades(item)
    record = Record.of(
        "grade", member=item.member, project=ZERO, schemeKey=name32("gcg-1"), year=2026, quarter=2, revision=1,
        schemeId=SCHEMES["gcg-1"].id, grade=name32("medium"), reached=name32("medium"), score=7500,
        inputsDigest=item.inputs_digest, explainDigest=item.explain_digest, statisticsDigest=ZERO,
        assessor=world["regulator 0"].id, gradedAt=world.chain.time,
    )  # fmt: skip
    assert world.record("GradeRegistry", record.key()) == record.digest()


def test_statistics_are_published_once_and_revised_by_number(world: Any, reverted: Any) -> None:
    codes = Codes(world)
    codes.statistics(sha("peers"))
    record = Record.of(
        "statistics", industry=name32("2511"), level=1, year=2026, quarter=2, revision=1, peers=21,
        digest=sha("peers"), assessor=world["regulator 0"].id, publishedAt=world.chain.time,
    )  # fmt: skip
    assert world.record("StatisticsRegistry", record.key()) == record.digest()
    for changes, error in (
        ({"digest": sha("other")}, "StatisticsRegistryRevisionNotNext"),
        ({"digest": sha("peers"), "revision": 2}, "StatisticsRegistryKnown"),
        ({"digest": sha("other"), "revision": 2, "level": 5}, "StatisticsRegistryFieldWrong"),
        ({"digest": sha("other"), "revision": 2, "peers": 0}, "StatisticsRegistryFieldWrong"),
        ({"digest": sha("other"), "revision": 2, "industry": ZERO}, "StatisticsRegistryFieldWrong"),
        ({"digest": ZERO, "revision": 2}, "StatisticsRegistryFieldWrong"),
    ):
        with pytest.raises(reverted, match=error):
            codes.statistics(**{"digest": sha("x")} | changes)
    codes.statistics(sha("other"), revision=2)
    assert world.ask("StatisticsRegistry", "latest_revision", name32("2511"), 1, 2026, 2) == 2
