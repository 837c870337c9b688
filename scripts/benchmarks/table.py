"""How the results look on a screen, and on what kind of machine they were made."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarks.measure import figure
from scripts.benchmarks.result import Result

_HEADINGS = ("name", "value", "limit", "unit", "ratio", "goal", "")


def format_table(results: Sequence[Result]) -> str:
    """One line for each result, with its verdict: met or missed."""
    rows = [_HEADINGS, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) if column in (0, 3, 6) else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def line(result: Result) -> str:
    """A result on one line."""
    _, value, limit, unit, ratio, goal, verdict = _cells(result)
    return f"{value} {unit} against {limit}: ratio {ratio}, goal {goal or 'none'}, {verdict or 'no goal'}"


def _cells(result: Result) -> tuple[str, ...]:
    sign = "<=" if result.lower_is_better else ">="
    goal = "" if result.goal is None else f"{sign} {result.goal:g}"
    verdict = {True: "met", False: "missed", None: ""}[result.met]
    return (
        result.name,
        figure(result.value),
        figure(result.limit),
        result.unit,
        f"{result.ratio:.3f}",
        goal,
        verdict,
    )


def machine() -> str:
    """Processor, cores, memory, system, Python, in a few words."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        found = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    except OSError:
        found = None
    processor = found[1] if found else platform.processor() or platform.machine()
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{processor}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}"
    )
