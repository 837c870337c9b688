"""What a record of the chain gives to be certified: green codes, grades that were reached, units that have ended.

A red or grey code is no certificate: whoever is red shows none, and grey says that too little is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from carbonledger.accounting.names import name_of
from carbonledger.assessment.on_chain import start_of
from carbonledger.credential.model import Kind
from ledger_node.queries.records import Kept

KINDS: Final = {"assessment": "CodeRegistry", "grade": "GradeRegistry", "disposal": "Compliance"}
"""Kinds of record that may be certified, and the contracts that keep them."""
VALIDITY_DAYS: Final = 75
"""After the end of the quarter that follows the certified one: a proposal, and a parameter of the issuer."""
DAY_S: Final = 86_400
ITSELF: Final = "0" * 64
NOT_RATED: Final = "not-rated"
_GREEN: Final = 1
_DONE, _CARRY_OVER = 2, 3
_PURPOSES: Final = {1: "surrender", 2: "cancellation", 4: "forced-surrender"}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be certified of a record. `member`, `project`, `record` are hex ids; `project` zeros: the member.

    `period` is 4 · year + quarter − 1, None where the record is of no quarter; `revision` its number within the
    quarter. Times in Unix s; `valid_until` None: it does not lapse.
    """

    kind: Kind
    record: str
    contract: str
    member: str
    project: str
    period: int | None
    scheme: str
    revision: int
    said: dict[str, str | int]
    valid_from: int
    valid_until: int | None


def claim_of(kept: Kept, validity_days: int = VALIDITY_DAYS) -> Claim | None:
    """The claim of a record; None where it is no certificate's."""
    match kept.kind:
        case "assessment":
            return _code(kept, validity_days) if int(kept["colour"]) == _GREEN else None
        case "grade":
            name = name_of(bytes.fromhex(kept["grade"]))
            return None if name == NOT_RATED else _grade(kept, name, validity_days)
        case "disposal":
            ended = int(kept["status"]) == _DONE and int(kept["purpose"]) != _CARRY_OVER
            return _retirement(kept) if ended else None
        case _:
            return None


def lapse(period: int, validity_days: int) -> int:
    """First instant after the validity of a certificate of a quarter (4 · year + quarter − 1), Unix s."""
    after = period + 2  # the next quarter ends where the one after it begins
    return start_of(date(after // 4, 3 * (after % 4) + 1, 1)) + validity_days * DAY_S


def period_text(period: int) -> str:
    """Such as 2026Q2."""
    return f"{period // 4}Q{period % 4 + 1}"


def subject_id(member: str, project: str) -> str:
    """Who is certified: a member by the digest of its credit code, or a project that a bank finances."""
    kind = "member" if project == ITSELF else "project"
    return f"urn:carbonledger:{kind}:{member if project == ITSELF else project}"


def _code(kept: Kept, validity_days: int) -> Claim:
    period = 4 * int(kept["year"]) + int(kept["quarter"]) - 1
    return Claim(
        kind="code",
        record=kept.id,
        contract=KINDS["assessment"],
        member=kept["member"],
        project=kept["project"],
        period=period,
        scheme="",
        revision=int(kept["revision"]),
        said={"colour": "green", "period": period_text(period)},
        valid_from=int(kept["assessedAt"]),
        valid_until=lapse(period, validity_days),
    )


def _grade(kept: Kept, name: str, validity_days: int) -> Claim:
    period = 4 * int(kept["year"]) + int(kept["quarter"]) - 1
    scheme = name_of(bytes.fromhex(kept["schemeKey"]))
    return Claim(
        kind="grade",
        record=kept.id,
        contract=KINDS["grade"],
        member=kept["member"],
        project=kept["project"],
        period=period,
        scheme=scheme,
        revision=int(kept["revision"]),
        said={"grade": name, "period": period_text(period), "scheme": scheme},
        valid_from=int(kept["gradedAt"]),
        valid_until=lapse(period, validity_days),
    )


def _retirement(kept: Kept) -> Claim:
    year = {"period": str(kept["year"])} if int(kept["year"]) else {}
    return Claim(
        kind="retirement",
        record=kept.id,
        contract=KINDS["disposal"],
        member=kept["member"],
        project=ITSELF,
        period=None,
        scheme="",
        revision=1,
        said={"amount": f"{kept['amount']} t", "purpose": _PURPOSES[int(kept["purpose"])], **year},
        valid_from=int(kept["decidedAt"]),
        valid_until=None,
    )
