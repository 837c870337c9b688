"""The browser libraries in api/static/vendor are the published ones, and run."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "api/static/vendor"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_vendored_file_has_the_digest_that_the_list_says() -> None:
    listed = {line[66:]: line[:64] for line in (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines()}
    found = {name: hashlib.sha256(data).hexdigest() for name, data in files(VENDOR).items() if name != "SHA256SUMS"}
    assert listed == found


def test_vendored_files_are_what_the_pinned_packages_give(tmp_path: Path) -> None:
    if not (ROOT / ".cache/tools/node_modules").is_dir():
        pytest.skip("the npm tools are not installed (scripts/tools)")
    subprocess.run([sys.executable, str(ROOT / "scripts/vendor_js"), str(tmp_path / "vendor")], check=True)
    assert files(tmp_path / "vendor") == files(VENDOR)


def test_the_vendored_modules_load_without_a_bundler() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: install Node.js; the libraries' digests are held without it")
    script = (
        f'import {{ keccak_256 }} from "{VENDOR}/noble/hashes/sha3.js";'
        f'import {{ secp256k1 }} from "{VENDOR}/noble/curves/secp256k1.js";'
        "const hex = (b) => Buffer.from(b).toString('hex');"
        "console.log(hex(keccak_256(new Uint8Array())), hex(secp256k1.getPublicKey(new Uint8Array(32).fill(1))));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-"], input=script, capture_output=True, text=True, check=False, timeout=60
    )
    keccak_of_nothing = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    public_key_of_01 = "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"
    assert done.stdout.split() == [keccak_of_nothing, public_key_of_01], done.stderr
