"""QR codes of addresses (ISO/IEC 18004), for screens and paper."""

from __future__ import annotations

import io
from typing import Final, Literal

import segno

Form = Literal["svg", "png"]
MEDIA_TYPES: Final[dict[Form, str]] = {"svg": "image/svg+xml", "png": "image/png"}
ERROR_LEVEL: Final = "m"
"""A worn print: 15 % of the code words may be lost."""
MODULE_PX: Final = 8
QUIET_ZONE: Final = 4
"""Modules around the code, as the standard asks."""


def qr(text: str, form: Form) -> bytes:
    """The picture of a QR code, dark on white in every colour scheme: scanners expect that."""
    code = segno.make_qr(text, error=ERROR_LEVEL)
    out = io.BytesIO()
    code.save(out, kind=form, scale=MODULE_PX, border=QUIET_ZONE, dark="#000", light="#fff", **_more(form))
    return out.getvalue()


def _more(form: Form) -> dict[str, object]:
    # a fixed size would not shrink on a phone
    return {"omitsize": True, "xmldecl": False, "svgns": True, "title": "QR"} if form == "svg" else {}
