"""The one font of the documents: Noto Sans CJK (OFL 1.1), from a pinned package: all machines make equal bytes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from carbonledger.errors import Refused

PACKAGE: Final = "manimgx_fonts_cjk"


def font_folder() -> Path:
    """The folder that holds it; Refused where the package is not installed."""
    try:
        return Path(str(files(PACKAGE)))
    except ModuleNotFoundError as error:
        raise Refused(
            "the font of the documents is not installed",
            expected=f"the package {PACKAGE.replace('_', '-')}",
            found="none",
            remedy="Install the services: pip install -e '.[services]'",
        ) from error
