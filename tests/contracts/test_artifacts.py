"""The committed artifacts, bindings and code hashes are what the compiler makes of the sources today."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from carbonledger.acts import ACTS
from carbonledger.keccak import keccak256
from ledger_node import deployment
from ledger_node.contract_names import NAMES

ROOT = Path(__file__).parents[2]


def test_a_new_compilation_gives_the_committed_files_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    build = importlib.import_module("scripts.build_contracts")
    try:
        build.compiler()
    except build.CompilerAbsent as error:
        pytest.skip(str(error))
    stale = [
        str(path.relative_to(ROOT))
        for path, text in build.files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run scripts/build_contracts.py"


def test_code_hashes_are_those_of_the_artifacts() -> None:
    import json

    known = json.loads((ROOT / "carbonledger" / "code_hashes.json").read_text(encoding="utf-8"))
    for name in NAMES:
        artifact = deployment.artifact(name)
        code = bytes.fromhex(artifact["deployedBytecode"][2:])
        assert keccak256(code).hex() == artifact["codeHash"] == known[name][str(artifact["version"])]
        assert len(code) <= 24_576


def test_the_record_format_fixes_the_first_two_slots() -> None:
    for name in NAMES:
        if not name.endswith("Calculator") and name != "Batch":  # these keep nothing
            layout = deployment.artifact(name)["storageLayout"]
            first = [(entry["slot"], entry["label"], entry["type"]) for entry in layout[:2]]
            assert first == [(0, "_records", "mapping(bytes32 => bytes32)"), (1, "_directory", "address")]


def test_solidity_hashes_the_type_strings_that_python_signs() -> None:
    sources = ROOT / "contracts" / "src"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(sources.glob("*Acts.sol")))
    joined = "".join(part for line in text.splitlines() for part in line.split('"')[1::2])
    for act in ACTS.values():
        assert act.type_string in joined
