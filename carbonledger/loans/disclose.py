"""The quarterly disclosure of a bank under the support tool, and the ledger (台账) behind it.

Three windows (this quarter, this year, since first support): amounts and reductions are sums, the rate is weighted by
amount and exact, projects are counted once each. Rounded only where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.parameters import bilingual
from carbonledger.loans import document
from carbonledger.loans.document import Ledger, Line, Project
from carbonledger.loans.money import TONNE, WAN, in_tonnes, in_wan
from carbonledger.loans.tool import Field, Tool
from carbonledger.loans.windows import WINDOWS, Window, WindowName, disorder


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The answer: everything follows from the ledger."""

    ledger: Ledger

    @property
    def due(self) -> date:
        """The day by which it is to be published."""
        return self._after("due-days")

    @property
    def is_late(self) -> bool | None:
        """None while it is not published."""
        published = self.ledger.published
        return None if published is None else published > self._after("late-days")

    def windows(self, field: Field | None = None) -> dict[WindowName, Window]:
        """The three windows, of all projects or of one field."""
        return {
            name: window_of([x for x in self._within(name) if field in (None, x.project.field)]) for name in WINDOWS
        }

    def marked(self) -> tuple[Project, ...]:
        """The projects that are shown: those named, else those that reduce most by the loans of the quarter."""
        by_id = {project.id: project for project in self.ledger.projects}
        if self.ledger.marked is not None:
            return tuple(by_id[name] for name in self.ledger.marked)
        most = int(self.ledger.tool.disclosure["marked"].value)
        reduced: dict[str, int] = {}
        for line in self._within("quarter"):
            reduced[line.project.id] = reduced.get(line.project.id, 0) + line.attributed
        return tuple(by_id[name] for name in sorted(reduced, key=lambda name: (-reduced[name], name))[:most])

    def notes(self) -> list[dict[str, str]]:
        """What a reader should look at: a window outside the plausible band, windows that contradict each other."""
        tool = self.ledger.tool
        low, high = (tool.disclosure[name].value for name in ("band-low", "band-high"))
        found = []
        windows = self.windows()
        for name, window in windows.items():
            if window.amount == 0:
                continue
            ratio = Fraction(window.reduction, TONNE) / Fraction(window.amount, WAN)
            if not low <= ratio <= high:
                found.append({"code": "outside-the-band", "value": rational.text(ratio), "window": name})
        found += [{"code": "windows", "value": text, "window": ""} for text in disorder(windows, self.ledger.quarter)]
        if self.is_late:
            found.append({"code": "late", "value": str(self.ledger.published), "window": ""})
        return found

    def lines(self) -> list[dict[str, Any]]:
        """The ledger, line by line: what the chain keeps the SHA-256 of, as `ledger`."""
        return [
            {
                "amount": str(line.amount),
                "attributed": str(line.attributed),
                "drawn": line.drawn.isoformat(),
                "factor": line.project.factor,
                "factor_year": line.project.factor_year,
                "field": line.project.field.key,
                "id": line.id,
                "investment": str(line.project.investment),
                "method": line.project.method,
                "project": line.project.id,
                "rate": line.rate_text,
                "reduction": str(line.project.reduction),
                "terms": None if line.terms is None else line.terms.hex(),
                "windows": [name for name in WINDOWS if self._holds(name, line)],
            }
            for line in self.ledger.lines
        ]

    def ledger_digest(self) -> bytes:
        """32 bytes: SHA-256 of the canonical JSON of `lines`."""
        return sha256(jcs.encode(self.lines())).digest()

    def digest(self) -> bytes:
        """32 bytes: SHA-256 of the canonical JSON, the field `document` on the chain."""
        return sha256(self.json()).digest()

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        ledger, tool = self.ledger, self.ledger.tool
        return {
            "bank": {"credit_code": ledger.bank_code, "name": ledger.bank},
            "due": self.due.isoformat(),
            "fields": [
                {"key": field.key, "title": bilingual(field.title), "windows": self._shown(self.windows(field))}
                for field in tool.fields
            ],
            "late": self.is_late,
            "ledger": self.lines(),
            "ledger_sha256": self.ledger_digest().hex(),
            "marked": [self._mark(project) for project in self.marked()],
            "notes": self.notes(),
            "period": {"quarter": ledger.quarter, "year": ledger.year},
            "published": None if ledger.published is None else ledger.published.isoformat(),
            "purpose": bilingual(tool.purpose),
            "statement": bilingual(tool.statement),
            "tool": tool.head.summary(tool.id),
            "v": 1,
            "windows": self._shown(self.windows()),
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())

    def _after(self, name: str) -> date:
        last = document.quarter_end(self.ledger.year, self.ledger.quarter)
        return last + timedelta(days=int(self.ledger.tool.disclosure[name].value))

    def _within(self, name: WindowName) -> list[Line]:
        return [line for line in self.ledger.lines if self._holds(name, line)]

    def _holds(self, name: WindowName, line: Line) -> bool:
        quarter = (line.drawn.month + 2) // 3
        holds: dict[WindowName, Callable[[], bool]] = {
            "quarter": lambda: (line.drawn.year, quarter) == (self.ledger.year, self.ledger.quarter),
            "year": lambda: line.drawn.year == self.ledger.year,
            "cumulative": lambda: True,  # a line after the quarter is refused at the door
        }
        return holds[name]()

    def _shown(self, windows: dict[WindowName, Window]) -> dict[str, Any]:
        places = self.ledger.tool.places
        return {
            name: {
                "amount": {
                    "shown": in_wan(window.amount, places["amount"]),
                    "unit": "fen",
                    "value": str(window.amount),
                },
                "projects": window.projects,
                "rate": None if window.rate is None else _rate(window.rate, places["rate"]),
                "reduction": {
                    "shown": in_tonnes(window.reduction, places["reduction"]),
                    "unit": "g",
                    "value": str(window.reduction),
                },
            }
            for name, window in windows.items()
        }

    def _mark(self, project: Project) -> dict[str, Any]:
        window = window_of([line for line in self._within("cumulative") if line.project is project])
        places = self.ledger.tool.places
        return {
            "amount": in_wan(window.amount, places["amount"]),
            "field": project.field.key,
            "id": project.id,
            "investment": in_wan(project.investment, places["amount"]),
            "name": project.name,
            "project_reduction": in_tonnes(project.reduction, places["reduction"]),
            "reduction": in_tonnes(window.reduction, places["reduction"]),
        }


def disclose(raw: bytes | Node, tools: Sequence[Tool]) -> Disclosure:
    """The disclosure of a document; errors carry the JSON path."""
    return Disclosure(document.parse(raw, tools))


def window_of(lines: Sequence[Line]) -> Window:
    """One window: sums, and each project once."""
    return Window(
        projects=len({line.project.id for line in lines}),
        amount=sum(line.amount for line in lines),
        weighted=sum((line.amount * line.rate for line in lines), Fraction(0)),
        reduction=sum(line.attributed for line in lines),
    )


def _rate(value: Fraction, places: int) -> dict[str, str]:
    return rational.json_of(value) | {"shown": rational.fixed(value, places), "unit": "%/year"}
