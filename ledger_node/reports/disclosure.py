"""A bank's quarterly disclosure as a document: PDF/A-3 and XLSX with the input attached, and JSON. Pure.

The same input and language give the same bytes. Its time is the day of publication, else the end of the quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.errors import Malformed
from carbonledger.loans import document as ledgers
from carbonledger.loans import library
from carbonledger.loans.disclose import Disclosure, disclose
from carbonledger.loans.money import in_tonnes, in_wan
from carbonledger.loans.windows import WINDOWS
from carbonledger.loans.words import LANGUAGES, Language, heading, note, sentence, word
from carbonledger.punctuation import full_width
from ledger_node.reports import pdf, xlsx
from ledger_node.reports.model import (
    Block,
    Check,
    Column,
    Cover,
    Document,
    Number,
    Pairs,
    Paragraph,
    Row,
    Section,
    Signatures,
    Table,
    Text,
)
from ledger_node.reports.words import Words

MEDIA_TYPES: Final = {"pdf": pdf.MEDIA_TYPE, "xlsx": xlsx.MEDIA_TYPE, "json": "application/json"}
WAN: Final = "10^4 CNY"
WAN_ZH: Final = "万元"


def make(raw: bytes, form: str, language: str, origin: str = "") -> bytes:
    """The document of a disclosure's input (docs/loans.md) in a form and a language.

    `origin` is that of the node whose page says whether the disclosure is on the chain; no address without one.
    """
    if language not in LANGUAGES:
        raise Malformed("language of a disclosure", expected=", ".join(LANGUAGES), found=repr(language)[:40])
    if form not in _RENDER:
        raise Malformed("format of a disclosure", expected=", ".join(_RENDER), found=repr(form)[:40])
    return _RENDER[form](build(raw, "zh" if language == "zh" else "en", origin), raw)


def build(raw: bytes, language: Language, origin: str = "") -> Document:
    """From the input to the document."""
    found = disclose(raw, library.tools())
    result = found.to_json()
    words = Words(language)
    evidence = sha256(raw).digest()
    digest = sha256(found.json()).hexdigest()
    check = Check(f"{origin}/disclosures/{digest}", word("scan", language)) if origin else None
    options = {"kind": "loan-disclosure", "language": language}
    return Document(
        language=language,
        time=_time(found),
        evidence=evidence,
        options=options if check is None else options | {"check": check.url},
        figures=result,
        cover=_cover(found, result, words, language, evidence, digest, check),
        sections=(
            _overview(result, language),
            _by_field(result, language),
            _marked(result, language),
            _ledger(found, language),
            _declaration(result, words, language),
        ),
    )


def _time(found: Disclosure) -> int:
    day = found.ledger.published or ledgers.quarter_end(found.ledger.year, found.ledger.quarter)
    return int(datetime.combine(day, time(), UTC).timestamp())


def _cover(
    found: Disclosure,
    result: dict[str, Any],
    words: Words,
    language: Language,
    evidence: bytes,
    digest: str,
    check: Check | None,
) -> Cover:
    cumulative = result["windows"]["cumulative"]
    tool = result["tool"]
    pairs: tuple[tuple[str, tuple[Text, ...]], ...] = (
        (word("code", language), (Text(result["bank"]["credit_code"]),)),
        (word("due", language), (Text(result["due"]),)),
        (word("published", language), (Text(result["published"] or word("none", language)),)),
        (word("rule", language), (Text(tool["title"][language]), Text(tool["key"], "quiet"))),
        (word("ledger-digest", language), (Text(result["ledger_sha256"], "code"),)),
        (word("document-digest", language), (Text(digest, "code"),)),
    )
    if check is not None:
        pairs += ((word("check", language), (Text(check.url, "code"),)),)
    marks = [Text(note(one, language), "warn") for one in result["notes"]]
    if tool["status"] == "unverified":
        marks.append(Text(words("mark.unverified"), "warn"))
    return Cover(
        brand=words("brand"),
        title=heading(result, language),
        subtitle=tool["key"],
        entity=found.ledger.bank,
        period=words("period.quarter", year=found.ledger.year, quarter=found.ledger.quarter),
        headline_title=_said(f"{word('cumulative', language)}: {word('reduction', language)}", language),
        headline=in_tonnes(int(cumulative["reduction"]["value"]), 6),
        exactly=_said(sentence("cumulative", cumulative, language), language),
        marks=tuple(marks),
        pairs=Pairs("cover", pairs),
        contents=words("contents"),
        page=words("page", page="{page}", pages="{pages}"),
        footer=words("footer", digest=evidence.hex()),
        check=check,
    )


def _overview(result: dict[str, Any], language: Language) -> Section:
    blocks: list[Block] = [Paragraph(_said(result["purpose"][language], language))]
    blocks += [Paragraph(_said(sentence(name, result["windows"][name], language), language)) for name in WINDOWS]
    rows = tuple(Row((Text(word(name, language)), *_measures(result["windows"][name]))) for name in WINDOWS)
    columns = (Column(word("window", language), width=3), *_columns(language))
    blocks.append(Table("windows", word("overview", language), columns, rows))
    return _section("1", "overview", language, blocks)


def _by_field(result: dict[str, Any], language: Language) -> Section:
    columns = (Column(word("field", language), width=3), *_columns(language))
    tables: list[Block] = []
    for name in WINDOWS:
        rows = [Row((Text(f["title"][language]), *_measures(f["windows"][name]))) for f in result["fields"]]
        rows.append(Row((Text(word("total", language)), *_measures(result["windows"][name])), "sum"))
        tables.append(Table(f"fields-{name}", word(name, language), columns, tuple(rows)))
    return _section("2", "by-field", language, tables)


def _marked(result: dict[str, Any], language: Language) -> Section:
    titles = {field["key"]: field["title"][language] for field in result["fields"]}
    columns = (
        Column(word("project", language), width=4),
        Column(word("field", language), width=2),
        Column(word("investment", language), "number", _wan(language), 2),
        Column(word("amount", language), "number", _wan(language), 2),
        Column(word("project-reduction", language), "number", "t", 2),
        Column(word("part", language), "number", "t", 2),
    )
    rows = [
        Row(
            (
                Text(one["name"]),
                Text(titles[one["field"]]),
                Number(one["investment"]),
                Number(one["amount"]),
                Number(one["project_reduction"]),
                Number(one["reduction"]),
            )
        )
        for one in result["marked"]
    ]
    return _section("3", "marked", language, [Table("marked", word("marked", language), columns, tuple(rows))])


def _ledger(found: Disclosure, language: Language) -> Section:
    columns = (
        Column(word("loan", language), width=5),
        Column(word("project", language), width=6),
        Column(word("drawn", language), width=6),
        Column(word("amount", language), "number", _wan(language), 7),
        Column(word("rate", language), "number", "%", 4),
        Column(word("part", language), "number", "t", 7),
        Column(word("method", language), width=7),
        Column(word("terms", language), width=7),
    )
    rows = tuple(
        Row(
            (
                Text(line.id),
                Text(line.project.name),
                Text(line.drawn.isoformat()),
                Number(in_wan(line.amount, 6)),
                Number(line.rate_text),
                Number(in_tonnes(line.attributed, 6)),
                Text(f"{line.project.method}, {line.project.factor}, {line.project.factor_year}"),
                Text("–", "quiet") if line.terms is None else Text(line.terms.hex(), "code"),
            )
        )
        for line in found.ledger.lines
    )
    return _section("4", "ledger", language, [Table("ledger", word("ledger", language), columns, rows)])


def _declaration(result: dict[str, Any], words: Words, language: Language) -> Section:
    blocks: list[Block] = [Paragraph(_said(result["statement"][language], language))]
    blocks += [Paragraph(_said(note(one, language), language), "warn") for one in result["notes"]]
    blocks.append(Signatures("bank", (result["bank"]["name"],)))
    return _section("5", "statement", language, blocks)


def _section(number: str, name: str, language: Language, blocks: list[Block]) -> Section:
    title = word(name, language)
    return Section(number, title, title, tuple(blocks))


def _columns(language: Language) -> tuple[Column, ...]:
    return (
        Column(word("projects", language), "number", width=2),
        Column(word("amount", language), "number", _wan(language), 3),
        Column(word("rate", language), "number", "%", 2),
        Column(word("reduction", language), "number", "tCO2e", 3),
    )


def _measures(window: dict[str, Any]) -> tuple[Number | Text, ...]:
    rate = window["rate"]
    return (
        Number(str(window["projects"])),
        Number(window["amount"]["shown"]),
        Text("–", "quiet") if rate is None else Number(rate["shown"]),
        Number(window["reduction"]["shown"]),
    )


def _said(text: str, language: Language) -> str:
    return full_width(text) if language == "zh" else text


def _wan(language: Language) -> str:
    return WAN_ZH if language == "zh" else WAN


def _json(found: Document, _raw: bytes) -> bytes:
    return jcs.encode(found.to_json())


def _xlsx(found: Document, raw: bytes) -> bytes:
    return xlsx.render(found, raw, jcs.encode(found.options).decode())


_RENDER: Final[dict[str, Callable[[Document, bytes], bytes]]] = {"pdf": pdf.render, "xlsx": _xlsx, "json": _json}
