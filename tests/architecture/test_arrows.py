"""Who may import whom, and who may speak which language."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["carbonledger", "ledger_node", "oracle", "api"]
# beside the standard library: the small audited packages that an auditor's installation needs
HEART_MAY_IMPORT = {"carbonledger", "cryptography", "nacl", "msgspec", "coincurve", "Crypto"}
# no sockets, no SQL, no other process, no chance but from the operating system's generator
HEART_MUST_NOT_IMPORT = {"socket", "ssl", "http", "urllib.request", "asyncio", "sqlite3", "subprocess", "random"}


def imports(package: str) -> Iterator[tuple[str, str]]:
    """(file, imported module) for each import statement below a package, those inside functions too."""
    for file in sorted((ROOT / package).rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield from ((name, f"{node.module}.{alias.name}") for alias in node.names)


def within(module: str, parents: set[str]) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout


def test_the_heart_imports_only_the_standard_library_and_small_audited_packages() -> None:
    found = [(file, module) for file, module in imports("carbonledger")]
    strange = [(f, m) for f, m in found if m.split(".")[0] not in sys.stdlib_module_names | HEART_MAY_IMPORT]
    assert strange == []
    assert [(f, m) for f, m in found if within(m, HEART_MUST_NOT_IMPORT)] == []


def test_the_oracle_uses_the_chain_client_of_the_ledger_node_and_nothing_else_of_it() -> None:
    used = [(f, m) for f, m in imports("oracle") if within(m, {"ledger_node"})]
    assert [(f, m) for f, m in used if not within(m, {"ledger_node.chain"})] == []


def test_only_the_chain_client_speaks_json_rpc() -> None:
    for package in PACKAGES:
        speaking = [(f, m) for f, m in imports(package) if within(m, {"web3", "eth"})]
        assert [(f, m) for f, m in speaking if not f.startswith("ledger_node/chain/")] == []


def test_only_the_stores_speak_sql() -> None:
    """Others may name a connection or an error of the driver; none of them may run a statement."""
    stores = (
        "ledger_node/assessment/inputs",
        "ledger_node/assessment/kept",
        "ledger_node/db",
        "ledger_node/jobs/",
        "ledger_node/queries",
        "ledger_node/witness/store",
        "ledger_node/chain/",
        "oracle/checkpoint_store",
        "oracle/database",
        "oracle/store",
    )
    statement = re.compile(r"\.execute\(|\.executemany\(|sqlite3\.connect|create_engine\(")
    for package in PACKAGES:
        named = {f for f, m in imports(package) if within(m, {"sqlite3", "sqlalchemy", "alembic"})}
        outside = {f for f in named if not f.startswith(stores)}
        assert {f for f in outside if statement.search((ROOT / f).read_text(encoding="utf-8"))} == set()
