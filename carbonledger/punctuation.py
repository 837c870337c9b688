"""Chinese punctuation for sentences that are kept with ASCII marks, as published sets and records are."""

from __future__ import annotations

import re
from typing import Final

_FULL: Final = {",": "，", ":": "：", ";": "；", "?": "？", "!": "！"}
_HAN: Final = r"\u4e00-\u9fff"
_MARK: Final = re.compile(rf"(?<=[{_HAN}）”])[ ]?([,:;?!])[ ]?|(?<=[0-9A-Za-z)%])([,:;?!])(?=[{_HAN}])")
_BRACKETS: Final = re.compile(rf"\(([^()]*[{_HAN}][^()]*)\)")


def full_width(text: str) -> str:
    """The sentence with the marks that Chinese is printed with; what stands between figures or letters stays."""
    bracketed = _BRACKETS.sub(r"（\1）", text)
    return _MARK.sub(lambda found: _FULL[found[1] or found[2]], bracketed)
