"""How an enterprise stands, for one reader: what the role, the enterprise's consent or the reader's own part opens.

Code, grade and a reader's own loans and pledges are open; quota, other pledges and emissions need the enterprise's
grant, or a statutory role. Every reading is written on the enterprise's access log, with its basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, Literal

from sqlalchemy import Connection

from api import present
from api.access import STATUTORY, Caller
from api.loan_schemas import (
    Holding,
    QuotaYear,
    RecordRef,
    Standing,
    StandingCode,
    StandingEmission,
    StandingEmissions,
    StandingGrade,
    StandingLoan,
    StandingLoans,
    StandingPledge,
    StandingPledges,
    StandingQuota,
    Why,
    Withheld,
)
from api.pages.text import Text
from api.present_assessment import banded
from api.schemas import Amount
from api.settings import Settings
from carbonledger.assessment.filing import STATES
from carbonledger.identifiers import parse_chain_name
from carbonledger.loans import library, reasons
from carbonledger.sharing import standing_scope
from ledger_node.queries import grants, records
from ledger_node.queries import standing as queries
from ledger_node.queries.records import Kept

Basis = Literal["owner", "statutory", "grant", "party"]
CHINA: Final = timezone(timedelta(hours=8))
ZH: Final = Text("zh")
EN: Final = Text("en")
UNIT_KINDS: Final = {1: "cea", 2: "ccer"}
YEAR_STATUS: Final = {1: "open", 2: "compliant", 3: "short"}
PARTS: Final = ("quota", "pledges", "emissions")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, at what time of the chain (s), and on what basis; `party`: open parts and the reader's own alone."""

    caller: Caller
    basis: Basis
    time: int
    block: int

    @property
    def sees_all(self) -> bool:
        """Whether nothing is withheld."""
        return self.basis != "party"


def reader_of(connection: Connection, caller: Caller, found: queries.Standing) -> Reader:
    """The reader's basis, judged at the time of the last block in the view, as grants are everywhere."""
    block, time = records.head(connection) or (0, 0)
    return Reader(caller, _basis(caller, found, time), time, block)


def standing_of(reader: Reader, found: queries.Standing, settings: Settings) -> Standing:
    """The document, from the records that were read."""
    code = _code(found, reader)
    name = settings.names.get(found.member.id)
    return Standing(
        member=present.member(found.member, settings),
        credit_code=None if name is None else name.credit_code,
        as_of=present.time(reader.time),
        block=reader.block,
        basis=reader.basis,
        code=code,
        grades=[_grade(found, grade, code, reader) for grade in found.own_grades()],
        quota=_quota(found) if reader.sees_all else None,
        pledges=_pledges(found, reader),
        loans=_loans(found, reader),
        emissions=_emissions(found) if reader.sees_all else None,
        withheld=[] if reader.sees_all else _withheld(found.member.id),
    )


def told(reader: Reader) -> str:
    """What the access log says was read."""
    return "standing: all parts" if reader.sees_all else "standing: code, grade, own loans and pledges"


def _basis(caller: Caller, found: queries.Standing, time: int) -> Basis:
    member = found.member.id
    if caller.member == member:
        return "owner"
    if caller.role in STATUTORY:
        return "statutory"
    wanted = (caller.member, standing_scope(bytes.fromhex(member)).hex())
    given = (grant for grant in found.of("grant") if (grant["grantee"], grant["scope"]) == wanted)
    return "grant" if any(grants.holds(grant, time) for grant in given) else "party"


def _code(found: queries.Standing, reader: Reader) -> StandingCode | None:
    code = found.own_code()
    if code is None:
        return None
    assessment = found.assessment_of(code)
    state = STATES[int(code["state"]) - 1]
    colour = colour_of(code)
    until = library.validity().until(int(code["year"]), int(code["quarter"]))
    bits = 0 if assessment is None else int(assessment["reasons"])
    rests_on = [one for one in (code, assessment) if one is not None]
    return StandingCode(
        colour=colour,
        state=state,
        since=present.time(code["since"]),
        year=code["year"],
        quarter=code["quarter"],
        valid_until=until.isoformat(),
        valid=_today(reader) <= until,
        reasons=list(reasons.of_bits(bits)),
        points=None if assessment is None else assessment["points"],
        due=present.time_or_none(code["due"]),
        veto_until=present.time_or_none(code["vetoUntil"]),
        explain_digest=None if assessment is None else assessment["explainDigest"],
        explain=None if assessment is None else f"/v1/assessments/{assessment.id}",
        why=_why_code(colour, state, reasons.of_bits(bits), rests_on, found),
    )


def colour_of(code: Kept) -> Literal["green", "red", "grey"]:
    """Colour of a code's state: all that is not green or grey is red."""
    state = STATES[int(code["state"]) - 1]
    return state if state in ("green", "grey") else "red"  # type: ignore[return-value]


def _why_code(colour: str, state: str, names: Sequence[str], rests_on: list[Kept], found: queries.Standing) -> Why:
    words = {
        "green": ("No rule decides against it.", "无规则触发红码。"),
        "grey": ("The data do not suffice for a colour.", "数据不足，无法赋色。"),
        "red": (
            f"Rules {', '.join(names) or '(see the record)'}; state of the case: {EN(f'code.state.{state}').lower()}.",
            f"触发规则 {'、'.join(names) or '（见记录）'}；处理状态：{ZH(f'code.state.{state}')}。",
        ),
    }[colour]
    bundles = [found.bundles.get(("code", one.id)) for one in rests_on]
    return _why(words, rests_on, next((f"/v1/artefacts/{sha}" for sha in bundles if sha), None))


def _grade(found: queries.Standing, grade: Kept, code: StandingCode | None, reader: Reader) -> StandingGrade:
    until = library.validity().until(int(grade["year"]), int(grade["quarter"]))
    suspended = code is not None and code.colour == "red"
    score = None
    by = ("By the bands of the scheme", "按评级方案分档")
    if grade["schemeId"] not in banded():
        score = f"{int(grade['score']) // 100}.{int(grade['score']) % 100:02d}"
        by = (f"Score {score} under the scheme", f"按评级方案得分 {score}")
    words = (
        by[0] + ("; suspended while the code is red." if suspended else "."),
        by[1] + ("；红码期间暂停使用。" if suspended else "。"),
    )
    bundle = found.bundles.get(("grade", grade.id))
    return StandingGrade(
        scheme=_name(grade["schemeKey"]),
        grade=_name(grade["grade"]),
        score=score,
        year=grade["year"],
        quarter=grade["quarter"],
        valid_until=until.isoformat(),
        valid=_today(reader) <= until,
        suspended=suspended,
        explain_digest=grade["explainDigest"],
        explain=f"/v1/assessments/{grade.id}",
        why=_why(words, [grade], None if bundle is None else f"/v1/artefacts/{bundle}"),
    )


def _quota(found: queries.Standing) -> StandingQuota:
    years = sorted(found.of("year"), key=lambda one: -int(one["year"]))
    missing = sum(_missing(year) for year in years)
    held = sum(states["registered"] + states["trading"] for states in found.holdings().values())
    words = (
        f"{missing} t are still to be surrendered; {held} t are free (registered or trading).",
        f"尚待清缴 {missing} 吨；可用（登记、交易账户）{held} 吨。",
    )
    return StandingQuota(
        years=[
            QuotaYear(
                year=year["year"],
                obligation=_tonnes(year["obligation"]),
                settled=_tonnes(year["settled"]),
                pending=_tonnes(year["pending"]),
                missing=_tonnes(_missing(year)),
                due_at=present.time(year["dueAt"]),
                status=YEAR_STATUS.get(int(year["status"]), "unknown"),
            )
            for year in years
        ],
        holdings=[
            Holding(kind=UNIT_KINDS[kind], vintage=vintage, **{state: _tonnes(n) for state, n in states.items()})
            for (kind, vintage), states in found.holdings().items()
        ],
        why=_why(words, [*years, *found.of("position")], None),
    )


def _missing(year: Kept) -> int:
    return max(0, int(year["obligation"]) - int(year["settled"]))


def _pledges(found: queries.Standing, reader: Reader) -> StandingPledges:
    every = found.of("pledge")
    seen = [one for one in every if reader.sees_all or one["bank"] == reader.caller.member]
    held = sum(int(one["held"]) for one in seen)
    words = (
        f"{held} t are held in {len(seen)} pledges" + ("." if reader.sees_all else " to the reader."),
        f"{len(seen)} 笔质押共 {held} 吨" + ("。" if reader.sees_all else "（质押给查询方）。"),
    )
    if not seen:
        words = ("No pledge.", "无质押。") if reader.sees_all else ("No pledge to the reader.", "未向查询方质押。")
    return StandingPledges(
        items=[
            StandingPledge(
                pledge=one.id,
                bank=one["bank"],
                lot=one["lot"],
                held=_tonnes(one["held"]),
                principal=Amount(value=str(one["principal"]), unit="fen"),
                loan=one["loan"],
                status=one["status"],
                term_to=present.time(one["termTo"]),
            )
            for one in seen
        ],
        complete=reader.sees_all,
        why=_why(words, seen, None),
    )


def _loans(found: queries.Standing, reader: Reader) -> StandingLoans:
    every = reader.basis in ("owner", "statutory")
    own = [one for one in found.of("loan") if every or one["bank"] == reader.caller.member]
    reduction = sum(int(one["attributed"]) for one in own if not int(one["endedAt"]))
    words = (
        f"Reduction of the project x principal / total investment, over {len(own)} loans.",
        f"项目年减排量 × 贷款本金 ÷ 项目总投资，贷款共 {len(own)} 笔。",
    )
    if not own:
        words = ("No loan.", "无贷款。") if every else ("No loan of the reader.", "查询方无贷款。")
    return StandingLoans(
        items=[
            StandingLoan(
                loan=one.id,
                project=one["project"],
                principal=Amount(value=str(one["principal"]), unit="fen"),
                outstanding=Amount(value=str(one["outstanding"]), unit="fen"),
                reduction=Amount(value=str(one["attributed"]), unit="g"),
                drawn_at=present.time(one["drawnAt"]),
                due_at=present.time(one["dueAt"]),
                ended_at=present.time_or_none(one["endedAt"]),
            )
            for one in own
        ],
        reduction=Amount(value=str(reduction), unit="g"),
        why=_why(words, own, None),
    )


def _emissions(found: queries.Standing) -> StandingEmissions:
    rows = sorted(found.of("current"), key=lambda one: -int(one["year"]))
    shown = [(one, found.reports[one["reportId"]]) for one in rows if one["reportId"] in found.reports]
    words = ("Approved reports in force.", "已批准且有效的年度报告。")
    first = None if not shown else f"/v1/reports/{shown[0][1].id}/bundle"
    return StandingEmissions(
        items=[
            StandingEmission(
                year=current["year"],
                emission=Amount(value=str(report["emission"]), unit="g"),
                report=report.id,
                bundle=f"/v1/reports/{report.id}/bundle",
            )
            for current, report in shown
        ],
        why=_why(words, [report for _, report in shown], first),
    )


def _withheld(member: str) -> list[Withheld]:
    scope = standing_scope(bytes.fromhex(member)).hex()
    why = "The enterprise has not granted this reader its standing, and no statute opens it."
    remedy = "Ask the enterprise for a grant (GrantRegistry) with this scope"
    return [Withheld(part=part, why=why, remedy=remedy, scope=scope) for part in PARTS]


def _why(words: tuple[str, str], rests_on: Sequence[Kept], bundle: str | None) -> Why:
    refs = [RecordRef(kind=one.kind, id=one.id, block=one.block_number) for one in rests_on]
    return Why(en=words[0], zh=words[1], records=refs, bundle=bundle)


def _today(reader: Reader) -> date:
    return datetime.fromtimestamp(reader.time, UTC).astimezone(CHINA).date()


def _tonnes(value: int | str) -> Amount:
    return Amount(value=str(value), unit="t")


def _name(word: str) -> str:
    return parse_chain_name(bytes.fromhex(word))
