"""The gate on links: every relative link in a Markdown file of the tree leads to a file of the tree."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import unquote

from scripts.forbidden import ROOT, tracked

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    """The relative targets of a Markdown text, without fragment; code is not read."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    targets = [target.split("#")[0] for target in LINK.findall(prose)]
    return [unquote(target) for target in targets if target and not re.match(r"[a-z][a-z0-9+.-]*:|/", target)]


def problems(files: list[Path]) -> list[str]:
    """`file: target` for each link that leads nowhere."""
    return [
        f"{file.relative_to(ROOT)}: {target} does not exist"
        for file in files
        if file.suffix == ".md"
        for target in links(file.read_text("utf-8"))
        if not (file.parent / target).exists()
    ]


if __name__ == "__main__":
    lines = problems(tracked())
    print("\n".join(lines) or "links: all lead somewhere")
    sys.exit(bool(lines))
