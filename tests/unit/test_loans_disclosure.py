"""The disclosure: sums, distinct projects, weighted rate, windows; against worked figures and by property."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import cli, jcs
from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.loans import library, schema
from carbonledger.loans.attribution import part
from carbonledger.loans.disclose import Disclosure, disclose
from carbonledger.loans.terms import commitment, place
from carbonledger.loans.windows import WINDOWS, Window, disorder
from scripts.build_loans import build

WAN = 1_000_000


def example() -> dict[str, Any]:
    return json.loads(library.example("disclosure"))  # type: ignore[no-any-return]


def made(document: dict[str, Any]) -> Disclosure:
    return disclose(json.dumps(document).encode(), library.tools())


def project(name: str = "p", investment: int = 10**12, reduction: int = 10**12, field: str = "clean-energy") -> Any:
    return {
        "id": name,
        "name": name,
        "field": field,
        "investment": {"unit": "fen", "value": str(investment)},
        "reduction": {"unit": "g", "value": str(reduction)},
        "method": "grid-baseline",
        "factor": "grid",
        "factor_year": 2022,
    }


def loan(name: str, of: str, wan: int, drawn: str, rate: str = "3.5") -> Any:
    return {"id": name, "project": of, "amount": {"unit": "10^4CNY", "value": str(wan)}, "rate": rate, "drawn": drawn}


def document(projects: list[Any], loans: list[Any], year: int = 2023, quarter: int = 2) -> dict[str, Any]:
    return {**example(), "period": {"year": year, "quarter": quarter}, "projects": projects, "loans": loans} | {
        "published": (date(year, 12, 31) + timedelta(days=1)).isoformat()
    }


def test_the_share_rule_gives_the_worked_figure_of_the_offshore_wind_loan() -> None:
    """840 of 11,000 million CNY, 1,145,400 t of the operator: 87,467 t (greenfinance 2.4)."""
    grams = part(1_145_400 * 10**6, 84_000 * WAN, 1_100_000 * WAN)
    assert grams == 87_466_909_090
    assert round(Fraction(grams, 10**6)) == 87_467


def test_a_project_that_comes_again_is_counted_once_as_at_ganzi_in_2023() -> None:
    """Second quarter 3 projects, year to date 3 projects, although the year holds 1,000,000 CNY more."""
    lines = [loan("q1", "a", 100, "2023-02-01"), *(loan(f"q2-{n}", n, 500, "2023-05-01") for n in "abc")]
    windows = made(document([project(n) for n in "abc"], lines)).windows()
    assert [windows[name].projects for name in WINDOWS] == [3, 3, 3]
    assert windows["year"].amount - windows["quarter"].amount == 100 * WAN
    earlier = windows["year"] - windows["quarter"]
    assert (earlier.amount, earlier.rate, earlier.projects) == (100 * WAN, Fraction("3.5"), 0)


def test_in_the_first_quarter_the_year_is_the_quarter() -> None:
    """As in three notices of 2023, 2024 and 2025."""
    lines = [loan("old", "a", 7, "2022-11-30"), loan("new", "a", 5, "2023-03-31")]
    found = made(document([project("a")], lines, quarter=1))
    windows = found.windows()
    assert windows["quarter"] == windows["year"] != windows["cumulative"]
    assert disorder(windows, 1) == []


def test_windows_that_a_notice_could_not_print_are_told() -> None:
    small, large = Window.published(1, 5, Fraction(4), 5), Window.published(2, 9, Fraction(4), 9)
    assert disorder({"quarter": small, "year": large, "cumulative": large}, 2) == []
    assert disorder({"quarter": large, "year": small, "cumulative": large}, 2) == [
        f"{measure}: quarter above year" for measure in ("amount", "reduction", "projects")
    ]
    assert disorder({"quarter": small, "year": large, "cumulative": large}, 1)


def test_the_rate_is_weighted_by_amount_and_exact() -> None:
    lines = [loan("a", "p", 1, "2023-05-01", "3"), loan("b", "p", 2, "2023-05-02", "4")]
    assert made(document([project()], lines)).windows()["quarter"].rate == Fraction(11, 3)


def test_a_window_without_loans_has_no_rate() -> None:
    value = made(document([project()], [loan("a", "p", 1, "2022-01-01")])).to_json()
    assert value["windows"]["quarter"]["rate"] is None
    assert value["windows"]["quarter"]["projects"] == 0


_lines = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.integers(1, 10**5),
        st.integers(0, 900).map(lambda n: f"{n // 100}.{n % 100:02d}"),
        st.dates(date(2022, 1, 1), date(2023, 6, 30)),
    ),
    max_size=25,
)


@given(_lines)
def test_sums_are_additive_over_fields_and_windows_are_nested(rows: list[Any]) -> None:
    fields = dict(zip("abcd", ("clean-energy", "clean-energy", "energy-saving", "carbon-technology"), strict=True))
    projects = [project(n, 10**13, 10**13 + 7, field) for n, field in fields.items()]
    lines = [loan(str(i), n, wan, day.isoformat(), rate) for i, (n, wan, rate, day) in enumerate(rows)]
    found = made(document(projects, lines))
    total = found.windows()
    by_field = [found.windows(field) for field in found.ledger.tool.fields]
    for name in WINDOWS:
        for measure in ("amount", "weighted", "reduction", "projects"):
            assert getattr(total[name], measure) == sum(getattr(one[name], measure) for one in by_field)
        rate = total[name].rate
        if rate is not None:
            rates = [line.rate for line in found.ledger.lines]
            assert min(rates) <= rate <= max(rates)
    assert disorder(total, 2) == []
    assert total["cumulative"].amount == sum(wan * WAN for _, wan, _, _ in rows)
    rest = total["cumulative"] - total["year"]
    assert rest.reduction == sum(x.attributed for x in found.ledger.lines if x.drawn.year < 2023)


@given(_lines, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_no_figure(rows: list[Any], shuffle: Any) -> None:
    lines = [loan(str(i), n, wan, day.isoformat(), rate) for i, (n, wan, rate, day) in enumerate(rows)]
    projects = [project(n, 10**13) for n in "abcd"]
    first = made(document(projects, lines)).windows()
    shuffle.shuffle(lines)
    assert made(document(projects, lines)).windows() == first


@given(st.integers(1, 2**63), st.integers(1, 2**63), st.integers(0, 2**63), st.sampled_from((1, 2, 3)))
def test_parts_are_within_a_gram_and_of_the_whole_the_whole(
    investment: int, reduction: int, cut: int, how: int
) -> None:
    one = cut % (investment + 1)
    other = investment - one
    parts = part(reduction, one, investment, how), part(reduction, other, investment, how)
    assert abs(sum(parts) - reduction) <= 1
    assert part(reduction, investment, investment, how) == reduction
    if how == 1:
        assert sum(parts) <= reduction


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda d: d["loans"][0].update(project="nobody"), "$.loans[0].project"),
        (lambda d: d["loans"][0].update(drawn="2025-07-01"), "$.loans[0].drawn"),
        (lambda d: d["loans"][0].update(id="L-2025-001"), "$.loans[1]"),
        (lambda d: d["loans"][3]["amount"].update(value="30001"), "$.loans[3].amount"),
        (lambda d: d["loans"][2]["amount"].update(value="10000"), "$.loans[2].amount"),
        (lambda d: d["loans"][0]["amount"].update(value="0.0000001"), "$.loans[0].amount"),
        (lambda d: d["loans"][0].pop("salt"), "$.loans[0]"),
        (lambda d: d["loans"][0].update(salt="00"), "$.loans[0].salt"),
        (lambda d: d["loans"][0].update(rate="36.01"), "$.loans[0].rate"),
        (lambda d: d["loans"][0].update(attributed={"unit": "t", "value": "1"}), "$.loans[0].attributed"),
        (lambda d: d["projects"].append(d["projects"][0]), "$.projects[3]"),
        (lambda d: d["projects"][0]["investment"].update(value="0"), "$.projects[0].investment"),
        (lambda d: d["projects"][0].update(field="coal"), "$.projects[0].field"),
        (lambda d: d["period"].update(year=2021, quarter=3), "$.period"),
        (lambda d: d.update(published="2025-06-30"), "$.published"),
        (lambda d: d.update(marked=["wind-1", "wind-1"]), "$.marked[1]"),
        (lambda d: d.update(marked=["wind-1", "ccus-1", "retrofit-1", "x"]), "$.marked"),
        (lambda d: d["bank"].update(credit_code="91310000MA1FL0001A"), "$.bank.credit_code"),
        (lambda d: d.update(tool="another"), "$.tool"),
        (lambda d: d.update(extra=1), "$.extra"),
    ],
)
def test_what_cannot_be_disclosed_is_refused_at_its_place(change: Any, path: str) -> None:
    value = example()
    change(value)
    with pytest.raises((MalformedInput, RefusedInput)) as caught:
        made(value)
    assert caught.value.path == path


def test_what_the_chain_says_a_loan_claims_is_compared() -> None:
    value = example()
    value["loans"][0]["attributed"] = {"unit": "g", "value": "87466909090"}
    assert made(value).ledger.lines[0].attributed == 87_466_909_090


def test_the_marked_projects_are_named_or_those_that_reduce_most() -> None:
    assert [p.id for p in made(example()).marked()] == ["wind-1", "ccus-1", "retrofit-1"]
    assert [p.id for p in made(example() | {"marked": ["ccus-1"]}).marked()] == ["ccus-1"]


def test_days_are_counted_from_the_end_of_the_quarter() -> None:
    found = made(example())
    assert (found.due, found.is_late) == (date(2025, 8, 29), False)
    assert made(example() | {"published": "2025-09-13"}).is_late is False
    late = made(example() | {"published": "2025-09-14"})
    assert late.is_late is True
    assert {note["code"] for note in late.notes()} == {"late"}


def test_an_implausible_window_is_noted() -> None:
    found = made(document([project(reduction=1)], [loan("a", "p", 1, "2023-05-01")]))
    assert {note["code"] for note in found.notes() if note["window"]} == {"outside-the-band"}


def test_the_terms_open_their_commitment_and_nothing_else_does() -> None:
    value = example()
    line = value["loans"][0]
    salt = bytes.fromhex(line["salt"])
    expected = commitment(salt, contract=line["contract"], rate=line["rate"])
    assert made(value).lines()[0]["terms"] == expected.hex()
    assert commitment(salt, contract=line["contract"], rate="3.06") != expected
    assert commitment(bytes(32), contract=line["contract"], rate=line["rate"]) != expected


def test_one_permit_is_one_digest_however_it_is_spaced() -> None:
    assert place("permit", "2024-310115-44-03-000001 ") == place("permit", "2024-310115-44-03-00 0001")
    assert place("permit", "a") != place("site", "a")


def test_the_answer_is_canonical_and_the_same_each_time() -> None:
    first, again = made(example()), made(example())
    assert first.json() == again.json() == jcs.encode(first.to_json())
    assert first.digest() == again.digest() != first.ledger_digest()


def test_the_published_sets_are_those_of_the_tables() -> None:
    for path, content in build().items():
        assert path.read_bytes() == content


def test_the_editions_are_those_of_the_dates() -> None:
    (tool,) = library.tools()
    rates = [tool.at(day).chain_values()["ratePpm"] for day in (date(2025, 5, 7), date(2025, 5, 8), date(2026, 1, 15))]
    assert rates == [17_500, 15_000, 12_500]
    assert tool.at(date(2026, 1, 15)).chain_values()["quota"] == 80_000_000_000_000


def test_the_command_answers_as_the_function_does(capsys: Any, tmp_path: Any) -> None:
    path = tmp_path / "in.json"
    path.write_bytes(library.example("disclosure"))
    assert cli.main(["disclose", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == made(example()).to_json()
    assert cli.main(["disclose", str(path)]) == 0
    told = capsys.readouterr().out
    assert "本季度，支持项目3个，发放碳减排贷款27500.00万元" in told
    assert cli.main(["disclose", "--example"]) == 0
    assert json.loads(capsys.readouterr().out) == example()
    assert cli.main(["disclose", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema.disclosure_document()
    path.write_text("{}")
    assert cli.main(["disclose", str(path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["refused"]["path"] == "$.bank"


def test_the_schema_takes_the_example() -> None:
    jsonschema_rs.Draft202012Validator(schema.disclosure_document()).validate(example())
