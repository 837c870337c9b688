"""The gate against what must not stand in a tracked file: paths of a machine, hosts of registries, unfinished marks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EVERYWHERE = {
    "a path of one machine": re.compile(r"(?<![\w./~)}\]$-])/(?:home|Users|root|work|farm)/[a-z]|/tmp/[b]ash_jobs"),
    "the host of a package registry": re.compile(
        r"files\.python[h]osted|pypi[.]org/simple|registry[.]npm|deb[.]debian[.]org|proxy[.]golang"
    ),
    "a private key": re.compile(r"-----BEGIN (?:EC |RSA |OPENSSH )?PRIVATE[ ]KEY"),
}
IN_CODE = {"an unfinished mark": re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b|NotImplemented[E]rror|x[f]ail\(")}
CODE = {".py", ".sol", ".sh", ".js", ".html", ".css", ""}
FOREIGN = ("/vendor/",)  # copies of other people's files, pinned by digest


def tracked() -> list[Path]:
    """The files of the tree that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def problems(files: list[Path]) -> list[str]:
    """`file:line: what` for each find; binary files are passed over."""
    found = []
    for file in files:
        if any(part in f"/{file.as_posix()}" for part in FOREIGN):
            continue
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        patterns = EVERYWHERE | IN_CODE if file.suffix in CODE else EVERYWHERE
        for number, line in enumerate(text.splitlines(), 1):
            place = f"{file.relative_to(ROOT)}:{number}"
            found += [f"{place}: {what}: {line.strip()[:100]}" for what, p in patterns.items() if p.search(line)]
    return found


if __name__ == "__main__":
    lines = problems(tracked())
    print("\n".join(lines) or "forbidden: nothing found")
    sys.exit(bool(lines))
