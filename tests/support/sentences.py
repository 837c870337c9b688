"""Every sentence that the page's verifier can say, read from its sources: templates with {} for each value."""

from __future__ import annotations

import json
import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "api" / "static" / "verify"
APART = {"kinds.js", "chinese.js", "page.js", "say.js"}
QUOTED = r'"(?:[^"\\\n]|\\.)*"'
TAGGED = re.compile(r"say`((?:[^`\\]|\\.)*)`((?:\s*\.and`(?:[^`\\]|\\.)*`)*)")
PIECE = re.compile(r"\.and`((?:[^`\\]|\\.)*)`")
PLAIN = (
    re.compile(rf"new (?:Malformed|Invalid|Unknown|Refused)\(\s*({QUOTED})"),
    re.compile(rf"\b(?:finding|undecided|notApplicable|malformed|refused|attest|sealed)\(\s*({QUOTED})"),
    re.compile(rf"\.(?:malformed|refused)\(\s*(?:{QUOTED}|say`[^`]*`),\s*({QUOTED})"),
    re.compile(rf"\b(?:expected|found|remedy): ({QUOTED})"),
    re.compile(rf"\b(?:expected|found): [^\n?]*\? ({QUOTED}) :"),
    re.compile(rf"\b(?:expected|found): [^\n?]*\? [^\n:]* : ({QUOTED})"),
    re.compile(rf"\bsame\(({QUOTED})"),
    re.compile(rf"\breason: ({QUOTED})"),
    re.compile(
        rf"\b(?:object|list|text|hexBytes|unbase64|textOf|parseNumber|someObject|splitLists)\([^\"`\n]*?,\s*({QUOTED})"
    ),
    re.compile(rf"\b(?:rlp\.)?(?:decode|asList|asBytes|asInt|requireParameters|sealSigner)\([^\"`\n]*?,\s*({QUOTED})"),
    re.compile(rf"\bascending\([^;]*?({QUOTED}),\s*{QUOTED}\)"),
    re.compile(rf"\bascending\([^;]*?{QUOTED},\s*({QUOTED})\)"),
    re.compile(rf"\b(?:unread|oneOf)\([^\"`\n]*,\s*({QUOTED})\)"),
    re.compile(rf"\bpush\(({QUOTED})\)"),
    re.compile(rf"\b(?:what|of) = ({QUOTED})"),
)


def templates() -> set[str]:
    """All of them."""
    found: set[str] = set()
    for path in sorted(SOURCES.rglob("*.js")):
        if path.name in APART:
            continue
        text = path.read_text("utf-8")
        for match in TAGGED.finditer(text):
            found.add("".join(map(_holes, [match[1], *PIECE.findall(match[2])])))
        for pattern in PLAIN:
            found |= {json.loads(match[1]) for match in pattern.finditer(text)}
    return found


def _holes(template: str) -> str:
    """`a ${b({c: 1})} d` as `a {} d`."""
    out, at = [], 0
    while (start := template.find("${", at)) >= 0:
        out.append(template[at:start] + "{}")
        depth, at = 1, start + 2
        while depth:
            depth += {"{": 1, "}": -1}.get(template[at], 0)
            at += 1
    return "".join([*out, template[at:]])
