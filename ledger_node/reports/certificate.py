"""Certificates of title and retirement on paper: one page of PDF/A-3 that carries the certificate's file. Pure.

The same file, language and names give the same bytes: the time is that of the block. Nothing is computed here but what
the file says; a reader who wants to know whether it is so verifies what is attached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from carbonledger import jcs
from carbonledger.errors import Refused
from carbonledger.evm.header import Header
from carbonledger.records import Record
from carbonledger.title.document import Certificate, records_by_id
from carbonledger.title.needs import NOTHING, origin_of
from carbonledger.title.verify import STATES, verify
from ledger_node.reports import cells, pdf
from ledger_node.reports.model import CERTIFICATE_NAME, DOCUMENT_NAME, Check
from ledger_node.reports.options import Language, Name
from ledger_node.reports.qr import qr

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "brand": ("碳账本", "Carbon Ledger"),
    "title": ("碳排放权持有证明", "Certificate of Title"),
    "retirement": ("碳排放权注销证明", "Certificate of Retirement"),
    "holds": ("持有", "holds"),
    "ended": ("已注销", "retired"),
    "kind.1": ("碳排放配额 CEA", "Allowances (CEA)"),
    "kind.2": ("核证自愿减排量 CCER", "Offsets (CCER)"),
    "registered": ("登记", "Registered"),
    "trading": ("交易", "Trading"),
    "frozen": ("冻结", "Frozen"),
    "pledged": ("质押", "Pledged"),
    "pending": ("待处理", "Pending"),
    "provincial": ("省级账户", "Provincial account"),
    "purpose.1": ("清缴", "Surrender"),
    "purpose.2": ("自愿注销", "Voluntary cancellation"),
    "purpose.4": ("强制清缴", "Forced surrender"),
    "holder": ("持有人", "Holder"),
    "member": ("成员标识", "Member id"),
    "units": ("品种", "Units"),
    "vintage": ("年度", "Vintage"),
    "lot": ("批次", "Lot"),
    "serials": ("批次序号", "Serials of the lot"),
    "project": ("减排项目", "Project"),
    "issued": ("签发", "Issued"),
    "decision": ("签发决定", "Decision"),
    "carried": ("结转来源", "Carried over from"),
    "state": ("状态", "State"),
    "purpose": ("用途", "Purpose"),
    "year": ("履约年度", "Compliance year"),
    "beneficiary": ("受益人", "Beneficiary"),
    "disposal": ("注销记录", "Disposal"),
    "when": ("注销时间", "Ended at"),
    "as-of": ("数据截至", "As of"),
    "block": ("区块 {number}", "block {number}"),
    "file": ("附件 SHA-256", "SHA-256 of the file"),
    "verify": ("如何核验", "How to check it"),
    "verify.text": (
        "本页由附于此 PDF 的证明文件生成。以下命令可离线核验附件；本页文字不作证明。",
        "This page is set from the file that this PDF carries, which alone proves what is said. Offline:",
    ),
    "scan.title": (
        "扫码打开核验页，把本 PDF 所附文件放入即可核验",
        "The page that verifies: hand it the file that this PDF carries",
    ),
    "scan.retirement": ("扫码核验", "Scan to verify"),
    "only": (
        "持有证明仅反映该区块时的状态，此后单位可能已转移。",
        "A title is of its block: units may have moved since.",
    ),
    "unnamed": ("成员 {id}…", "Member {id}…"),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """The words in one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        return _WORDS[key][0 if self.language == "zh" else 1].format(**values)


def make(raw: bytes, language: Language, names: Mapping[bytes, Name], origin: str = "") -> bytes:
    """The PDF of a certificate's file; Refused where a step that needs no policy finds it INVALID.

    `origin` is that of the node whose page verifies it, for the QR code; none without one.
    """
    wrong = next((step for step in verify(raw).steps if step.verdict == "invalid"), None)
    if wrong is not None:
        raise Refused(
            "the certificate is INVALID, and no page is set of it",
            expected="one in which every step holds",
            found=f"step {wrong.number}, {wrong.name}: {wrong.reason}",
        )
    certificate = Certificate.parse(raw)
    header = Header.parse(certificate.chain.evidence.header)
    words = _Words(language)
    page = _page(certificate, header, sha256(raw).hexdigest(), words, names)
    check = None if not origin else Check(_address(certificate, origin), words(f"scan.{certificate.kind}"))
    page["check"] = None if check is None else check.to_json()
    sources = {
        "main.typ": files("ledger_node.reports").joinpath("templates", "certificate.typ").read_bytes(),
        DOCUMENT_NAME: jcs.encode(page),
        CERTIFICATE_NAME: raw,
    }
    if check is not None:
        sources[pdf.QR_NAME] = qr(check.url, "svg")
    return pdf.compile_project(sources, header.timestamp)


def _address(certificate: Certificate, origin: str) -> str:
    """The page that verifies: of a retirement, which anybody may have, with its file; a title is handed to it."""
    if certificate.kind == "title":
        return f"{origin}/verify"
    return f"{origin}/verify?bundle=/v1/disposals/{certificate.subject.id.hex()}/certificate"


def _page(
    certificate: Certificate, header: Header, digest: str, words: _Words, names: Mapping[bytes, Name]
) -> dict[str, Any]:
    """What stands on the page."""
    record, lots = certificate.subject, records_by_id(certificate.chain.records, "lot")
    chain = list(origin_of(record.field("lot"), lots.__getitem__))
    lot, first = chain[0], chain[-1]
    (member,) = certificate.chain.of_kind("member")
    name = _name(member, names, words)
    held = {state: int(record.field(state)) for state in STATES} if certificate.kind == "title" else {}
    tonnes = sum(held.values()) if held else int(record.field("amount"))
    rows = [("holder", name), ("member", record.field("member").hex())]
    rows += _about(certificate.kind, record, held, words)
    rows += [
        ("units", f"{words('kind.' + str(lot.field('kind')))} · {lot.field('vintage')}"),
        ("lot", lot.id.hex()),
        ("serials", f"{lot.field('serialFrom')} – {lot.field('serialFrom') + lot.field('amount') - 1}"),
    ]
    if lot.field("project") != NOTHING:
        rows.append(("project", lot.field("project").hex()))
    rows += [("carried", older.id.hex()) for older in chain[1:]]
    rows += [
        ("issued", _moment(first.field("issuedAt"))),
        ("decision", first.field("decision").hex()),
        ("as-of", f"{_moment(header.timestamp)} · {words('block', number=header.number)}"),
        ("file", digest),
    ]
    return {
        "brand": words("brand"),
        "command": f"carbonledger title {certificate.kind}.pdf --policy policy.toml",
        "language": words.language,
        "name": name,
        "rows": [{"name": words(key), "value": value} for key, value in rows],
        "said": words("holds" if certificate.kind == "title" else "ended"),
        "small": words("only") if certificate.kind == "title" else "",
        "time": header.timestamp,
        "title": words(certificate.kind),
        "tonnes": str(tonnes),
        "units": words(f"kind.{lot.field('kind')}"),
        "verify": words("verify"),
        "verify_text": words("verify.text"),
        "vintage": str(lot.field("vintage")),
    }


def _about(kind: str, record: Record, held: Mapping[str, int], words: _Words) -> list[tuple[str, str]]:
    if kind == "title":
        return [("state", f"{words(state)} {amount:,} t") for state, amount in held.items() if amount]
    rows = [("purpose", words(f"purpose.{record.field('purpose')}"))]
    if record.field("year"):
        rows.append(("year", str(record.field("year"))))
    if record.field("note") != NOTHING and record.field("purpose") == 2:
        rows.append(("beneficiary", record.field("note").hex()))
    return [*rows, ("when", _moment(record.field("decidedAt"))), ("disposal", record.id.hex())]


def _moment(seconds: int) -> str:
    return f"{cells.moment(seconds)} UTC+8"


def _name(member: Record, names: Mapping[bytes, Name], words: _Words) -> str:
    known = names.get(member.id)
    if known is None or not known.is_of(member.id, member.field("nameDigest")):
        return words("unnamed", id=member.id.hex()[:16])
    return known.zh if words.language == "zh" or not known.en else known.en
