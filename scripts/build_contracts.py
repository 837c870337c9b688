#!/usr/bin/env python3
"""Compile contracts/src and write what the services run on: artifacts, code hashes and typed bindings.

    python scripts/build_contracts.py           writes
    python scripts/build_contracts.py --check   compares, exit 1 and the names of what differs

The compiler is npm's solc (WASM) through scripts/solcjs-native; another copy of that wrapper is named by
SOLCJS_NATIVE, another folder of npm packages by CARBONLEDGER_NODE_MODULES. Sources are given to the compiler under
names that do not depend on where the project lies, so its output is the same everywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from carbonledger.keccak import keccak256  # noqa: E402
from ledger_node.contract_names import NAMES  # noqa: E402
from scripts.contract_bindings import binding_files  # noqa: E402

SOURCES = ROOT / "contracts" / "src"
ARTIFACTS = ROOT / "ledger_node" / "chain" / "artifacts"
BINDINGS = ROOT / "ledger_node" / "chain" / "bindings"
CODE_HASHES = ROOT / "carbonledger" / "code_hashes.json"

SETTINGS: dict[str, Any] = {
    "evmVersion": "paris",
    "optimizer": {"enabled": True, "runs": 200},
    "viaIR": False,
    # a comment changed in a source leaves the code, and its hash, as they are
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {
        "*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode", "storageLayout", "userdoc"]},
    },
}

_IMPORT = re.compile(r'^import\s[^;]*?"([^"]+)";', re.MULTILINE | re.DOTALL)


class CompilerAbsent(Exception):
    """There is no compiler here; `scripts/test` installs it."""


def compiler() -> Path:
    """The compiler wrapper; CompilerAbsent says how to get it."""
    named = os.environ.get("SOLCJS_NATIVE")
    path = Path(named) if named else ROOT / "scripts" / "solcjs-native"
    if not path.exists() or not (node_modules() / "solc").exists():
        raise CompilerAbsent(f"no solc in {node_modules()}: run scripts/test once, or name one by SOLCJS_NATIVE")
    return path


def node_modules() -> Path:
    """The folder of npm packages: solc and OpenZeppelin's sources."""
    named = os.environ.get("CARBONLEDGER_NODE_MODULES")
    return Path(named) if named else ROOT / ".cache" / "tools" / "node_modules"


def sources() -> dict[str, str]:
    """Every source that the contracts need, by the name the compiler sees: `src/…` or `@openzeppelin/…`."""
    found: dict[str, str] = {}
    queue = [f"src/{path.relative_to(SOURCES).as_posix()}" for path in sorted(SOURCES.rglob("*.sol"))]
    while queue:
        name = queue.pop()
        if name in found:
            continue
        path = SOURCES / name.removeprefix("src/") if name.startswith("src/") else node_modules() / name
        found[name] = path.read_text(encoding="utf-8")
        queue.extend(_imports(name, found[name]))
    return dict(sorted(found.items()))


def compile_contracts() -> dict[str, dict[str, Any]]:
    """Name of a contract → its artifact."""
    texts = sources()
    binary = compiler()
    os.environ.setdefault("SOLCJS_MODULE", str(node_modules() / "solc"))
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in texts.items()},
            "settings": SETTINGS,
        },
        solc_binary=str(binary),
    )
    for problem in output.get("errors", []):
        if not problem.get("sourceLocation", {}).get("file", "").startswith("@"):
            print(problem["formattedMessage"], file=sys.stderr)
    version = str(solcx.wrapper.get_solc_version(str(binary)))
    artifacts = {}
    for contract in NAMES:
        (name,) = [n for n in texts if n.endswith(f"/{contract}.sol") and n.startswith("src/")]
        compiled = output["contracts"][name][contract]
        deployed = compiled["evm"]["deployedBytecode"]
        if deployed.get("immutableReferences") or deployed.get("linkReferences"):
            raise SystemExit(
                f"{contract} has immutables or linked libraries; its code hash would not be its artifact's"
            )
        runtime = bytes.fromhex(deployed["object"])
        used = _closure(name, texts)
        artifacts[contract] = {
            "abi": compiled["abi"],
            "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
            "codeHash": keccak256(runtime).hex(),
            "compiler": version,
            "contract": contract,
            "deployedBytecode": "0x" + deployed["object"],
            "errorNotices": {
                signature: " ".join(texts_[0]["notice"].split())
                for signature, texts_ in compiled["userdoc"].get("errors", {}).items()
            },
            "settings": {key: value for key, value in SETTINGS.items() if key != "outputSelection"},
            "source": name,
            "sourceHashes": {n: hashlib.sha256(texts[n].encode()).hexdigest() for n in used},
            "storageLayout": _layout(compiled["storageLayout"]),
            "version": _version(contract, texts, used),
        }
    return artifacts


def files() -> dict[Path, str]:
    """Every generated file and its content."""
    artifacts = compile_contracts()
    made = {ARTIFACTS / f"{name}.json": _json(artifact) for name, artifact in artifacts.items()}
    hashes = _known_hashes()
    for name, artifact in artifacts.items():
        hashes.setdefault(name, {})[str(artifact["version"])] = artifact["codeHash"]
    made[CODE_HASHES] = _json(hashes)
    for name, text in binding_files(artifacts).items():
        made[BINDINGS / name] = text
    return made


def main() -> int:
    """Write, or with --check compare."""
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = []
    for path, text in files().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if not sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(name)
    return 1 if stale and sys.argv[1:] else 0


def _known_hashes() -> dict[str, dict[str, str]]:
    """Hashes of earlier versions stay known, so that what an older contract recorded can still be verified."""
    return json.loads(CODE_HASHES.read_text(encoding="utf-8")) if CODE_HASHES.exists() else {}


def _imports(name: str, text: str) -> list[str]:
    found = _IMPORT.findall(text)
    return [os.path.normpath(Path(name).parent / target) if target.startswith(".") else target for target in found]


def _closure(name: str, texts: dict[str, str]) -> list[str]:
    found: set[str] = set()
    queue = [name]
    while queue:
        current = queue.pop()
        if current in found:
            continue
        found.add(current)
        queue.extend(_imports(current, texts[current]))
    return sorted(found)


def _version(contract: str, texts: dict[str, str], used: list[str]) -> int:
    """What `version()` answers: in the contract's own source, or in the base."""
    pattern = re.compile(r"function version\(\)[^{]*\{\s*return (\d+);")
    for name in (next(n for n in used if n.endswith(f"/{contract}.sol")), "src/Registry.sol"):
        if match := pattern.search(texts[name]):
            return int(match[1])
    raise SystemExit(f"{contract} has no version()")


def _layout(layout: dict[str, Any]) -> list[dict[str, Any]]:
    """Label, slot, offset and type of each state variable; the compiler's running numbers are left out."""
    types = layout["types"] or {}
    return [
        {
            "label": entry["label"],
            "offset": entry["offset"],
            "slot": int(entry["slot"]),
            "type": types[entry["type"]]["label"],
        }
        for entry in layout["storage"]
    ]


def _json(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
