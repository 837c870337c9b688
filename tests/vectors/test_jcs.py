"""RFC 8785 vectors: what lies in the restricted domain agrees, what lies outside is refused."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.errors import Malformed

Vectors = Callable[[str], Path]


@pytest.mark.parametrize("name", ["french", "unicode", "structures", "arrays", "weird", "values"])
def test_files_of_rfc_8785(name: str, vectors: Vectors) -> None:
    folder = vectors("jcs")
    text = (folder / "input" / f"{name}.json").read_text("utf-8")
    expected = (folder / "output" / f"{name}.json").read_bytes()
    assert expected == bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())
    value: Any = json.loads(text)
    if name in {"arrays", "unicode"}:
        assert jcs.encode(value) == expected
        assert jcs.decode(expected) == value
    elif name == "structures":  # its only float is 56.0, canonical as 56
        with pytest.raises(Malformed, match="floating point"):
            jcs.encode(value)
        assert jcs.encode(jcs.decode(expected)) == expected
    else:
        for refuse in (lambda: jcs.encode(value), lambda: jcs.decode(expected)):
            with pytest.raises(Malformed, match="floating point" if name == "values" else "not ASCII"):
                refuse()


def test_numbers_of_appendix_b(vectors: Vectors) -> None:
    for case in json.loads((vectors("jcs") / "rfc8785_appendix_b_numbers.json").read_text())["cases"]:
        number = struct.unpack(">d", bytes.fromhex(case["ieee_hex"]))[0]
        with pytest.raises(Malformed):
            jcs.encode(number)
        if case["json"] == "0":
            assert jcs.decode(b"0") == 0
        elif case["json"] is not None:
            with pytest.raises(Malformed):
                jcs.decode(case["json"].encode())


def test_the_first_ten_thousand_es6_numbers_are_refused_unless_small_and_whole(vectors: Vectors) -> None:
    whole = 0
    for line in (vectors("jcs") / "es6_numbers_10000.txt").read_text().splitlines():
        text = line.split(",")[1]
        if text.lstrip("-").isdecimal() and abs(int(text)) <= jcs.MAX_INTEGER:
            whole += 1
            assert jcs.decode(text.encode()) == int(text)
        else:
            with pytest.raises(Malformed):
                jcs.decode(text.encode())
    assert whole > 0


def test_the_body_of_a_rekor_entry_is_canonical(vectors: Vectors) -> None:
    bundle = json.loads((vectors("rekor_v2") / "staging-rekor-v2.txt.sigstore.json").read_text())
    body = base64.b64decode(bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"])
    assert jcs.encode(jcs.decode(body)) == body
