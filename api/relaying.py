"""Signed acts as JSON, turned into contract calls (docs/formats/acts.md): strict, and checked before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.schemas import SignedAct
from carbonledger import acts, eip712
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.acts import ACTS, Act, Signed
from carbonledger.allocation.rule_set import AllocationRules
from carbonledger.assessment import on_chain
from carbonledger.assessment.filing import CODE_ITEM, GRADE_ITEM
from carbonledger.errors import BadSignature, CarbonLedgerError, Malformed
from carbonledger.framing import decode_base64
from carbonledger.records import Field
from ledger_node.chain.bindings import structs
from ledger_node.chain.calls import carry

MAX_ITEMS: Final = 1000

ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Admission": ("applicant", "quorum"),
    "MemberStatus": ("quorum",),
    "KeyEnrolment": ("member", "new_key"),
    "KeyEnd": ("member", "quorum"),
    "DirectoryEntry": ("quorum",),
    "DeviceEnrolment": ("member",),
    "Calibration": ("member",),
    "DeviceRemoval": ("member",),
    "LogRegistration": ("member",),
    "Checkpoint": ("consistency", "gateway", "witnesses"),
    "LogStatus": ("owner", "quorum"),
    "Factor": ("quorum",),
    "RuleSetPublication": ("json", "form", "quorum"),
    "MonthEvidence": ("member", "preparer"),
    "AnnualReport": ("months", "lines", "member", "preparer"),
    "Verification": ("verifier",),
    "Approval": ("regulator",),
    "Grant": ("owner",),
    "GrantEnd": ("owner",),
    "AllocationPublication": ("json", "form", "quorum"),
    "BalanceProposal": ("quorum",),
    "Plan": ("quorum",),
    "PlanEnd": ("quorum",),
    "OffsetProject": ("quorum",),
    "ComplianceRules": ("quorum",),
    "CarryOverRules": ("quorum",),
    "PenaltyLaw": ("quorum",),
    "Issuance": ("authority",),
    "Recall": ("authority",),
    "Release": ("authority",),
    "Obligation": ("authority",),
    "ForcedSurrender": ("authority",),
    "Decision": ("authority",),
    "Closing": ("authority",),
    "Deduction": ("authority",),
    "Movement": ("holder",),
    "Surrender": ("holder",),
    "Cancellation": ("holder",),
    "CarryOver": ("holder",),
    "Freeze": ("regulator",),
    "Thaw": ("regulator",),
    "Pledge": ("member", "bank"),
    "PledgeSubstitution": ("member", "bank"),
    "PledgeRelease": ("bank",),
    "PledgeEnforcement": ("regulator",),
    "CatalogueVersion": ("items", "quorum"),
    "CatalogueEnd": ("quorum",),
    "SupportToolRules": ("quorum",),
    "LoanProject": ("borrower", "bank"),
    "ProjectAmendment": ("borrower", "bank"),
    "Loan": ("bank", "borrower"),
    "LoanRepayment": ("bank",),
    "ProjectCheckup": ("verifier",),
    "LoanDisclosure": ("bank",),
    "SupportCheck": ("verifier",),
    "SupportApplication": ("bank",),
    "SupportFunding": ("operator",),
    "SupportRefusal": ("operator",),
    "SupportRollover": ("operator", "bank"),
    "SupportReplacement": ("operator", "bank"),
    "SupportRepayment": ("operator",),
    "Reduction": ("verifier", "quorum"),
    "MoneyIssuance": ("bank",),
    "MoneyRedemption": ("member", "bank"),
    "Instrument": ("quorum",),
    "TradingTerms": ("quorum",),
    "TradingDays": ("quorum",),
    "Auction": ("exchange",),
    "Matching": ("orders", "fills", "exchange"),
    "OrderCancellation": ("member",),
    "TradingSuspension": ("regulator",),
    "ControlPlan": ("member",),
    "ControlPlanReview": ("reviewer",),
    "AssessmentPublication": ("json", "form", "quorum"),
    "WorkingYear": ("quorum",),
    "PeerStatement": ("assessor",),
    "CodeList": ("items", "assessor"),
    "Explanation": ("member",),
    "Assignment": ("candidates", "assessor"),
    "Finding": ("inspector", "second"),
    "Clearance": ("inspector", "second", "verifier"),
    "GradeList": ("items", "assessor"),
}
"""Act → what its call takes beside it, in the call's order; `form` follows from `json` and is not sent."""

OPTIONAL: Final = frozenset({"new_key", "preparer", "owner", "quorum", "member", "bank", "second"})
"""May be left out where the contract asks for one of several: then nobody's signature is sent."""

LISTS: Final = frozenset({"CodeList", "GradeList"})
"""Acts whose items are values of a struct."""

NOBODY: Final = Signed(bytes(20), b"")


@dataclass(frozen=True, slots=True)
class Relayed:
    """An act and its call. `signatures` are all that came with it."""

    act: Act
    arguments: tuple[Any, ...]
    signatures: tuple[Signed, ...]

    @property
    def is_step(self) -> bool:
        """Its authority is a plan that was signed before; whether it is a step of it, the contract says."""
        return any(isinstance(a, structs.Authority) and any(a.plan) for a in self.arguments)

    def call(self, addresses: Mapping[str, bytes]) -> tuple[bytes, bytes]:
        """(contract's address, calldata)."""
        return carry(addresses, self.act, *self.arguments)


def parse(given: SignedAct) -> Relayed:
    """Malformed names the field or the argument; Unknown an act that is none."""
    act = Act(given.act, **_fields(given.act, given.fields)) if given.act in ACTS else Act(given.act)
    if given.act not in ARGUMENTS:
        raise Malformed("act", expected=", ".join(ARGUMENTS), found=given.act, remedy="Orders go to /v1/orders")
    names = ARGUMENTS[given.act]
    wanted = [name for name in names if name != "form"]
    if unknown := sorted(set(given.arguments) - set(wanted)):
        raise Malformed(f"arguments of {given.act}", expected=", ".join(wanted), found=unknown[0][:80])
    signatures: list[Signed] = []
    found: dict[str, Any] = {}
    for name in wanted:
        if name not in given.arguments and name not in OPTIONAL:
            raise Malformed(f"arguments of {given.act}", expected=name, found="missing")
        value = given.arguments.get(name)
        if name == "items" and given.act in LISTS:
            found[name] = _items(given.act, value)
        else:
            found[name] = _argument(name, value, signatures)
    if "form" in names:
        found["form"] = _form(given.act, found["json"])
    return Relayed(act, tuple(found[name] for name in names), tuple(signatures))


def parse_signed_alone(given: SignedAct, name: str) -> tuple[Act, Signed]:
    """An act of this name with the one signature `member`: what an exchange takes. Malformed names the place."""
    if given.act != name:
        raise Malformed("act", expected=name, found=given.act[:80])
    if set(given.arguments) != {"member"}:
        raise Malformed(f"arguments of {name}", expected="member", found=", ".join(given.arguments)[:80] or "none")
    return Act(name, **_fields(name, given.fields)), _signed("member", given.arguments["member"])


def check_signatures(relayed: Relayed, chain_id: int, has_code: Callable[[bytes], bool]) -> None:
    """BadSignature for a signature of 65 bytes that is not its signer's, unless the signer is a contract."""
    domain = eip712.Domain(chain_id)
    if not relayed.signatures and not relayed.is_step:
        raise BadSignature(f"act {relayed.act.type.name}", expected="a signature", found="none")
    for signed in relayed.signatures:
        try:
            acts.recover(relayed.act, domain, signed)
        except CarbonLedgerError:
            if not has_code(signed.signer):
                raise


def _fields(name: str, given: Mapping[str, str | int]) -> dict[str, Any]:
    types = {field: kind for kind, field in ACTS[name].fields}
    if set(given) != set(types):
        odd = sorted(set(given) ^ set(types))
        raise Malformed(f"fields of {name}", expected=", ".join(types), found=f"{odd[0][:80]} missing or unknown")
    return {field: _value(kind, field, given[field]) for field, kind in types.items()}


def _value(kind: str, name: str, value: str | int) -> Any:
    if kind == "string":
        if not isinstance(value, str) or not 0 < len(value) <= 1000 or not value.isprintable():
            raise Malformed(f"field {name!r} of an act", expected="text", found=repr(value)[:80])
        return value
    if kind.startswith("uint") and isinstance(value, str):
        # a person may write a small number as a string: forms that bundles refuse are fine here
        if not 0 < len(value) <= 78 or not value.isascii() or not value.isdigit():
            raise Malformed(f"field {name!r} of an act", expected="a decimal number", found=repr(value)[:80])
        return int(value)
    return Field(name, kind).from_json(value)


def _argument(name: str, value: Any, signatures: list[Signed]) -> Any:
    match name:
        case "quorum" | "witnesses":
            several = [_signed(name, item) for item in _list(name, [] if value is None else value)]
            signatures.extend(several)
            return several
        case "authority":
            return _authority(value, signatures)
        case "consistency" | "months" | "candidates":
            return [_word(name, item) for item in _list(name, value)]
        case "lines":
            lines = [Line.from_json(item) for item in _list(name, value)]
            return [structs.Line(*line.arguments()[:4], line.parameters) for line in lines]
        case "items":
            return [_item(item) for item in _list(name, value)]
        case "orders":
            return [_placed(item) for item in _list(name, value)]
        case "fills":
            return [_fill(item) for item in _list(name, value)]
        case "json":
            if not isinstance(value, str):
                raise Malformed(
                    "argument 'json'", expected="the rule set's canonical JSON as text", found=repr(value)[:80]
                )
            return value.encode("utf-8", errors="replace")  # a lone surrogate then is not canonical JSON
        case _:
            if value is None:
                return NOBODY
            one = _signed(name, value)
            signatures.append(one)
            return one


def _items(act: str, value: Any) -> list[structs.CodeItem] | list[structs.GradeItem]:
    """Codes or grades of a list: each the values of its struct, in order (docs/formats/acts.md)."""
    fields = CODE_ITEM if act == "CodeList" else GRADE_ITEM
    rows = []
    for item in _list("items", value):
        if not isinstance(item, list) or len(item) != len(fields):
            raise Malformed("argument 'items'", expected=f"lists of {len(fields)} values", found=repr(item)[:80])
        rows.append([_value(kind, name, one) for (kind, name), one in zip(fields, item, strict=True)])
    if act == "CodeList":
        return [structs.CodeItem(*row) for row in rows]
    return [structs.GradeItem(*row) for row in rows]


def _form(act: str, json: bytes) -> structs.RuleSetForm | structs.AllocationForm | structs.AssessmentForm:
    """What the contract takes beside the JSON of a publication, derived from it."""
    if act == "AssessmentPublication":
        return structs.AssessmentForm.from_abi(on_chain.form(on_chain.parse(json)))
    if act == "AllocationPublication":
        return structs.AllocationForm.from_abi(AllocationRules.parse(json).form())
    return structs.RuleSetForm.from_abi(RuleSet.parse(json).form())


def _authority(value: Any, signatures: list[Signed]) -> structs.Authority:
    """{"quorum"} or, for a step of a plan, {"plan","index","proof"}."""
    match value:
        case {"quorum": quorum, **rest} if not rest:
            several = [_signed("quorum", item) for item in _list("quorum", quorum)]
            signatures.extend(several)
            # the contract reads plan 0 as: by the quorum's signatures
            return structs.Authority(tuple(structs.Signed(s.signer, s.signature) for s in several), bytes(32), 0, ())
        case {"plan": plan, "index": int(index), "proof": proof, **rest} if not rest and 0 <= index < 2**53:
            return structs.Authority(
                (), _word("plan", plan), index, tuple(_word("proof", item) for item in _list("proof", proof))
            )
        case _:
            expected = '{"quorum"} or {"plan","index","proof"}'
            raise Malformed("argument 'authority'", expected=expected, found=repr(value)[:80])


def _placed(value: Any) -> structs.PlacedOrder:
    """An order of a batch; its signature is over the order, not over the matching, and the contract judges it."""
    match value:
        case {"order": dict(order), "sequence": int(sequence), "signed": signed, **rest} if not rest:
            act = Act("Order", **_fields("Order", order))
            by = _signed("orders", signed)
            place = Field("sequence", "uint64").check(sequence)
            return structs.PlacedOrder(
                structs.Order(*act.arguments()), int(place), structs.Signed(by.signer, by.signature)
            )
        case _:
            raise Malformed("argument 'orders'", expected='{"order","sequence","signed"} each', found=repr(value)[:80])


def _fill(value: Any) -> structs.Fill:
    match value:
        case [int(buy), int(sell), int(amount), int(price)] if min(value) >= 0 and max(buy, sell) < 2**16:
            limit = 2**53
            if max(amount, price) < limit:
                return structs.Fill(buy, sell, amount, price)
    raise Malformed("argument 'fills'", expected="[purchase, sale, tonnes, fen] each", found=repr(value)[:80])


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise Malformed(f"argument {name!r}", expected=f"a list of at most {MAX_ITEMS}", found=repr(value)[:80])
    return value


def _item(value: Any) -> structs.CatalogueItem:
    match value:
        case [name, int(field)] if not isinstance(field, bool) and 0 <= field < 256:
            return structs.CatalogueItem(_word("items", name), field)
        case _:
            raise Malformed("argument 'items'", expected="pairs of 32 bytes and a field", found=repr(value)[:80])


def _word(name: str, value: Any) -> bytes:
    if isinstance(value, str) and len(value) == 64:
        return _hex(name, value)
    if isinstance(value, str) and len(value) == 44:
        raw = decode_base64(value, f"argument {name!r}")
        if len(raw) == 32:
            return raw
    raise Malformed(f"argument {name!r}", expected="32 bytes as hex or base64", found=repr(value)[:80])


def _signed(name: str, value: Any) -> Signed:
    if not isinstance(value, dict) or set(value) != {"signer", "signature"}:
        raise Malformed(f"argument {name!r}", expected='{"signer","signature"}', found=repr(value)[:80])
    signer, signature = _hex(name, value["signer"]), _hex(name, value["signature"])
    if len(signer) != 20 or len(signature) > 4096:
        raise Malformed(f"argument {name!r}", expected="an address of 20 bytes", found=f"{len(signer)} bytes")
    return Signed(signer, signature)


def _hex(name: str, value: Any) -> bytes:
    if isinstance(value, str) and len(value) % 2 == 0 and set(value) <= set("0123456789abcdef"):
        return bytes.fromhex(value)
    raise Malformed(f"argument {name!r}", expected="lower-case hex", found=repr(value)[:80])
