"""From a bundle and options to a document: pure, so that the same evidence gives the same document."""

from __future__ import annotations

from collections.abc import Iterable

from carbonledger.accounting.factors import Factor
from carbonledger.accounting.statement import Statement
from ledger_node.reports import assurance, boundary, cells, numbers, results
from ledger_node.reports.facts import Facts, statement_of
from ledger_node.reports.model import EVIDENCE_NAME, Check, Cover, Document, Pairs, Text
from ledger_node.reports.options import Options, Period
from ledger_node.reports.words import Words

UNVERIFIED = frozenset({"transcription", "unverified"})


def build(bundle: bytes, options: Options, library: Iterable[Factor] = ()) -> Document:
    """The document; Refused where the bundle is INVALID or is not that of the period's year.

    `library` gives the sources of factors that the rule set leaves to the line.
    """
    facts = Facts.open(bundle, options.names, library)
    period, statement = statement_of(facts, options)
    words = Words(options.language)
    named = period_text(words, period)
    return Document(
        language=options.language,
        time=facts.header.timestamp,
        evidence=facts.digest,
        options=options.to_json(),
        figures={
            "period": period.text,
            "provisional": not period.whole_year,
            "report": facts.record.id.hex(),
            "statement": None if statement is None else statement.to_json(),
        },
        cover=_cover(facts, words, options, period, statement),
        sections=(
            boundary.entity(facts, words, named),
            boundary.boundary(facts, words, statement),
            boundary.activity(facts, words, period, statement),
            boundary.factors(facts, words, statement),
            results.emissions(facts, words, options.view, period, statement),
            assurance.quality(facts, words, period, statement),
            assurance.verification(facts, words, period),
            assurance.declaration(words),
        ),
    )


def period_text(words: Words, period: Period) -> str:
    """A period for people."""
    if period.whole_year:
        return words("period.year", year=period.year)
    if len(period.months) == 3:
        return words("period.quarter", year=period.year, quarter=period.months[-1] // 3)
    return words("period.month", year=period.year, month=period.months[0])


def marks(facts: Facts, words: Words, period: Period, statement: Statement | None) -> tuple[Text, ...]:
    """What a reader must see first."""
    found = []
    if period.whole_year:
        found.append(assurance.status_mark(facts.record, words))
        found.append(
            Text(words("mark.in-force"), "good") if facts.in_force else Text(words("mark.not-in-force"), "warn")
        )
    else:
        found.append(Text(words("mark.provisional"), "warn"))
    used = [p.factor for line in (statement.lines if statement else ()) for p in line.parameters if p.factor]
    if facts.rules.status == "unverified" or any(factor.evidence in UNVERIFIED for factor in used):
        found.append(Text(words("mark.unverified"), "warn"))
    if facts.rules.status == "draft" or any(factor.evidence == "draft" for factor in used):
        found.append(Text(words("mark.draft"), "bad"))
    if statement is not None and statement.missing:
        found.append(Text(words("mark.missing"), "info"))
    return tuple(found)


def _cover(facts: Facts, words: Words, options: Options, period: Period, statement: Statement | None) -> Cover:
    record, header = facts.record, facts.header
    who = cells.member(facts, words, record.field("member"))
    pairs = Pairs(
        "cover",
        (
            (words("entity.rules"), (Text(words.title(facts.rules.title)),)),
            (words("entity.report"), (cells.code(record.id.hex()),)),
            (
                words("cover.as-of"),
                (
                    Text(cells.moment(header.timestamp)),
                    Text(words("cover.block", number=f"{header.number:,}"), "quiet"),
                ),
            ),
            (words("cover.evidence"), (Text(EVIDENCE_NAME), cells.code(facts.digest.hex()))),
        ),
    )
    emission = None if statement is None else statement.emission
    return Cover(
        brand=words("brand"),
        title=words(f"title.{options.view}"),
        subtitle=facts.rules.key,
        entity=who[0].text if isinstance(who[0], Text) else "",
        period=period_text(words, period),
        headline_title=words("headline"),
        headline=None if emission is None else numbers.tonnes(emission),
        exactly=words("nothing") if emission is None else words("exactly", grams=numbers.grouped(str(emission))),
        marks=marks(facts, words, period, statement),
        pairs=pairs,
        contents=words("contents"),
        page=words("page", page="{page}", pages="{pages}"),
        footer=words("footer", digest=facts.digest.hex()),
        check=Check(f"{options.origin}/reports/{record.id.hex()}", words("scan")) if options.origin else None,
    )
