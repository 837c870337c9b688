"""The licence gate: every package that runs with the product has a licence that a user may rely on.

Reads the metadata of the installed packages that `requirements.lock` names. Exit 1 with one line for each package whose
licence is unknown or not on the list. What only builds and tests (requirements-dev.lock, npm's tools, geth) is never
shipped and is not judged here.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from email.message import Message
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parent.parent

PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense",
    "Zlib",
}  # fmt: skip
# Weak copyleft of single files, unchanged by us: certifi's list of certificate authorities.
WEAK = {"MPL-2.0"}
# Fonts: may be embedded in any document.
FONTS = {"OFL-1.1"}
# package -> why a licence outside the lists above is acceptable for it (an LGPL library used unchanged, for example)
EXCEPTIONS: dict[str, str] = {
    "psycopg": "LGPL-3.0-only: the driver of PostgreSQL, a library of its own that is used unchanged",
    "psycopg-binary": "LGPL-3.0-only: the compiled part of psycopg",
}

# How packages without an SPDX expression say it, in the License field or a classifier.
SPELLINGS = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd, public domain": "BSD-2-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


def locked(lock: Path) -> dict[str, str]:
    """Name (normalised) to version of each pin in a lock file."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", lock.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


def known(text: str) -> str:
    """The SPDX expression that a text stands for, or "" where an operand of it is not on the lists."""
    spelled = SPELLINGS.get(text.strip().lower(), text.strip())
    operands = set(re.split(r" (?:AND|OR) |[()]", spelled)) - {""}
    return spelled if operands and operands <= PERMISSIVE | WEAK | FONTS else ""


def expression(metadata: Message) -> str:
    """The licence of a package, or "" where it does not say one that is on the lists.

    What it says in a newer way counts alone: License-Expression, then License, then its classifiers, all of them.
    """
    if spdx := metadata.get("License-Expression"):
        return known(spdx)
    told = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    classifiers = [known(c.split("::")[-1]) for c in told]
    if found := known(metadata.get("License") or ""):
        return found
    return " AND ".join(classifiers) if all(classifiers) else ""


def problems(lock: Path) -> list[str]:
    """One sentence for each package of the lock that the product must not run with."""
    found = []
    for name in locked(lock):
        try:
            metadata = cast(Message, importlib.metadata.metadata(name))
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name}: expected to be installed, found nothing; run scripts/setup.sh")
            continue
        if not expression(metadata) and name not in EXCEPTIONS:
            says = metadata.get("License-Expression") or (metadata.get("License") or "nothing").splitlines()[0][:80]
            found.append(f"{name}: expected a permissive licence, found {says!r}; replace it, or name it in EXCEPTIONS")
    return found


if __name__ == "__main__":
    lines = problems(ROOT / "requirements.lock")
    count = len(locked(ROOT / "requirements.lock"))
    print("\n".join(lines) or f"licences: {count} packages, all permissive or excepted by name")
    sys.exit(bool(lines))
