"""The page's modules compute codes and grades as the package does, to the byte of the explain record."""

from __future__ import annotations

import copy
import json
import random
from fractions import Fraction
from typing import Any

from carbonledger import jcs
from carbonledger.assessment import library, on_chain, rational
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.grade.assess import grade
from carbonledger.errors import CarbonLedgerError
from tests.support.assessed import example
from tests.support.mutations import mutated
from tests.support.twin import ask

(RULES,) = library.code_rules()
SCHEMES = {scheme.head.key: scheme for scheme in library.schemes()}
CODE = example("code", "code-1")
FROZEN = {"series": [{"name": "e", "interval": "month", "values": ["16500"] * 3}]}
OUTSIDE = {"peers": CODE["peers"] | {"emission": "300000"}}


def explained(document: Any, published: on_chain.Set) -> str | None:
    """The canonical explain record; None where the document is refused."""
    raw = json.dumps(document).encode()
    try:
        if isinstance(published, on_chain.CodeRules):
            return assess(raw, (published,)).json().decode()
        return grade(raw, (published,)).json().decode()
    except CarbonLedgerError:
        return None


def compare_figures(kind: str, documents: list[Any], published: on_chain.Set) -> list[bool]:
    """Which documents were taken; each explain record is the same to the byte."""
    cases = [{"door": kind, "document": one, "set": json.loads(published.json())} for one in documents]
    taken = []
    for document, found in zip(documents, ask(cases), strict=True):
        wanted = explained(document, published)
        assert (wanted is None) == isinstance(found, dict), (document, wanted, found)
        assert wanted is None or found == wanted, document
        taken.append(wanted is not None)
    return taken


LOAN = {"id": "L1", "amount": "30", "investment": "100", "project_reduction": "1000", "attributed": "300.006"}
WINDOW = {"measure": "amount", "quarter": "5", "year": "6", "cumulative": "6"}
LAB = {"month": "2026-04", "sampled": "2026-04-20", "received": "2026-04-19", "tested": "2026-04-25"}
QUARTERS = [f"{at // 4}Q{at % 4 + 1}" for at in range(4 * 2026 + 1, 4 * 2026 - 10, -1)]
LABS = [
    LAB | {"reported": "2026-04-28", "original_code": "present"},
    LAB | {"month": "2026-05", "sampled": "2026-04-01", "reported": "2026-04-28", "original_code": "missing"},
]
NONE_RECEIVED = [{"month": one["month"], "due": one["due"]} for one in CODE["filings"]["months"]]
RESIDUALS = [f"{(n * 37) % 11 - 5}.{n % 7}" for n in range(29)] + ["-99.5"]
TWO_METHODS = [{"quarter": q, "first": f"{100 + 40 * (n < 2) + n}", "second": "97"} for n, q in enumerate(QUARTERS)]
SCORES = [
    {"model": "isolation-forest", "score": "-0.5", "threshold": "-1"},
    {"model": "reconstruction", "score": "1", "threshold": "1"},
]
SECTIONS: list[dict[str, Any]] = [
    {"filings": CODE["filings"] | {"annual_report": {"year": 2025, "due": "2026-03-31"}}},
    {"filings": CODE["filings"] | {"months": NONE_RECEIVED}},
    {"evidence": [CODE["evidence"][0] | {"key": "revoked"}, CODE["evidence"][0] | {"computed": "b" * 64}]},
    {"uses": [CODE["uses"][0], CODE["uses"][0] | {"loan": "二号贷款"}, CODE["uses"][0] | {"kind": "document"}]},
    {"totals": [CODE["totals"][0] | {"reported": value} for value in ("0", "1.000000000000000001", "509300000")]},
    {"factors": {"register": [], "used": [{"id": "grid-national", "value": "0.5306"}]}},
    {"purchases": {"carriers": [{"name": "e", "reported": "103", "invoiced": "100"}]}},
    {"purchases": {"carriers": [{"name": "e", "reported": "103", "invoiced": "0"}]}},
    {"tests": LABS},
    {"meters": [CODE["meters"][0] | {"rated_power": "79999.3"}]},
    {"loans": {"loans": [LOAN | {"shares": ["0.3", "0.7001"]}], "windows": [WINDOW, WINDOW | {"quarter": "7"}]}},
    {"proceeds": [{"id": "p", "catalogue": "2025", "item": "1.1", "listed": "no", "traced": "as-declared"}]},
    FROZEN,
    {"series": [{"name": "e", "interval": "15min", "values": ["0", "0", *["1.5"] * 97]}]},
    {"history": [CODE["history"][0] | {"emission": "900"}, *CODE["history"][1:]]},
    {"history": [CODE["history"][0] | {"electricity": "90000.5"}, *CODE["history"][1:]]},
    {"residuals": [{"name": "r", "period": 12, "software": "statsmodels 0.14", "values": RESIDUALS}]},
    {"methods": [{"name": "m", "quarters": TWO_METHODS}]},
    OUTSIDE,
    {"peers": CODE["peers"] | {"statistics": CODE["peers"]["statistics"] | {"n": 3}}},
    {"lending": [{"id": "L", "reduction": "0.001", "amount": "3"}, {"id": "M", "reduction": "400", "amount": "7"}]},
    {"resubmissions": 3},
    {"digits": {"first": [300, 3, 5, 7, 11, 13, 17, 19, 23], "last": [90, 1, 2, 3, 4, 5, 6, 7, 8, 9]}},
    {"digits": {"last": [90, 1, 2, 3, 4, 5, 6, 7, 8, 9]}},
    {"models": SCORES},
    {"suppressions": [{"rule": "S01", "reason": "恒定负荷 {value}", "signed_by": ["a", "b"]}]},
    {"calendar": {"holidays": ["2026-08-13", "2026-08-14"], "workdays": ["2026-08-16"]}, "as_of": "2026-08-24"},
    {"subject": {"id": "风电场", "kind": "project"}},
]


def test_codes_follow_to_the_byte_with_any_sections_given_or_left_out() -> None:
    rng = random.Random(11)
    bare = {name: CODE[name] for name in ("as_of", "period", "rule_set", "subject")}
    documents: list[dict[str, Any]] = [CODE, bare]
    documents += [start | section for start in (bare, CODE) for section in SECTIONS]
    for _ in range(60):
        made = rng.choice((bare, CODE))
        for section in rng.sample(SECTIONS, 6):
            made = made | section
        documents.append(made)
    assert all(compare_figures("code", documents, RULES))


def test_what_stands_on_an_end_or_a_day_falls_to_the_same_side() -> None:
    """Deadlines over weekends and holidays, the quarter's months of a series, grades held at their margin."""
    months = [
        {k: v for k, v in m.items() if k != "received"} if n > 8 else m for n, m in enumerate(CODE["filings"]["months"])
    ]
    silent = CODE | {"filings": CODE["filings"] | {"months": months}}
    documents: list[Any] = [silent | {"as_of": f"2026-07-{day:02d}"} for day in range(8, 31)]
    documents += [one | {"calendar": {"holidays": ["2026-07-20"], "workdays": ["2026-07-18"]}} for one in documents]
    for place in (-4, -3, -2, -1):
        values = [f"{n % 5}.{n % 7}" for n in range(30)]
        values[place] = "-99.5"
        for period in (4, 12):
            documents.append(CODE | {"residuals": [{"name": "r", "period": period, "software": "s", "values": values}]})
    assert all(compare_figures("code", documents, RULES))
    held = []
    for share in range(28, 45):
        for reached in ("deep", "medium", "light", "non-green"):
            document = copy.deepcopy(example("grade", "gcg-1"))
            document["inputs"] |= {"green_share": f"0.{share}", "before": {"grade": "light", "reached": reached}}
            document["inputs"] |= {"emission": {"unit": "t", "value": "1500"}, "intensity_before": "0.75"}
            held.append(document)
    assert all(compare_figures("grade", held, SCHEMES["gcg-1"]))


def test_documents_with_one_change_are_taken_and_refused_alike() -> None:
    rng = random.Random(12)
    whole = CODE | {name: item for section in SECTIONS[:-3] for name, item in section.items()}
    taken = compare_figures("code", [mutated(whole, rng) for _ in range(160)], RULES)
    assert 15 < sum(taken) < 145
    for scheme in SCHEMES.values():
        compare_figures("grade", [mutated(example("grade", scheme.head.key), rng) for _ in range(25)], scheme)


def test_grades_follow_to_the_byte_over_many_figures() -> None:
    rng = random.Random(13)
    for name in ("gcg-1", "region-example-1"):
        documents = []
        for _ in range(60):
            document = copy.deepcopy(example("grade", name))
            given = document["inputs"]
            given["emission"] = {"unit": rng.choice(["g", "kg", "t"]), "value": str(rng.randrange(1, 4000))}
            given["value_added"] = {"unit": "10^4CNY", "value": str(rng.randrange(-50, 3000))}
            given["intensity_before"] = f"0.{rng.randrange(1, 999)}"
            given["data_quality"] = rng.choice(["1", "2", "3.25", "4", "5"])
            if rng.random() < 0.5:
                given["product"] = {"benchmark": "0.7", "intensity": f"0.{rng.randrange(1, 99)}", "before": "0.61"}
            if rng.random() < 0.5:
                keys = [one.key for one in SCHEMES[name].grades] + ["not-rated"]
                given["before"] = {"grade": rng.choice(keys), "reached": rng.choice(keys)}
            documents.append(document)
        assert all(compare_figures("grade", documents, SCHEMES[name]))


def test_published_sets_are_taken_and_refused_alike_and_have_the_same_form_on_the_chain() -> None:
    rng = random.Random(14)
    sets = [json.loads(one.json()) for one in (RULES, *SCHEMES.values())]
    sets += [mutated(rng.choice(sets), rng) for _ in range(150)]
    answers = ask([{"door": "form", "set": one} for one in sets])
    refused = 0
    for one, found in zip(sets, answers, strict=True):
        try:
            wanted = on_chain.form_digest(on_chain.parse(jcs.encode(one))).hex()
        except CarbonLedgerError:
            refused += 1
            assert isinstance(found, dict), (one, found)
        else:
            assert found == wanted
    assert refused > 80


def test_logarithms_and_decimals_are_the_same() -> None:
    rng = random.Random(15)
    tops = [rng.getrandbits(rng.choice((4, 40, 200))) - 7 for _ in range(60)]
    values = [Fraction(top, 1 + rng.getrandbits(rng.choice((3, 30, 90)))) for top in tops]
    values += [Fraction(1, 8), Fraction(-5, 1000), Fraction(10**30), Fraction(1, 10**18), Fraction(2, 3), Fraction(1)]
    asked = [{"door": "number", "value": [str(one.numerator), str(one.denominator)]} for one in values]
    for value, found in zip(values, ask(asked), strict=True):
        wanted = [rational.text(value), rational.fixed(value, 2)]
        if value > 0:
            wanted += [str(rational.ln(value, 6)), str(rational.log10(value, 12))]
        assert found == wanted
