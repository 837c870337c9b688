"""The browser's verifier without a browser: the page's modules run by node, many cases in one process."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from carbonledger.handed import verify_handed
from carbonledger.policy import Policy
from carbonledger.verify.context import committed_code_hashes

Case = tuple[bytes, Policy | None]
SCRIPT = Path(__file__).with_name("twin.mjs")
STATEMENTS = ("valid", "not applicable")


def ask(cases: list[dict[str, Any]]) -> list[Any]:
    """One answer a case; `{"refused": message}` where the module threw an error of its own."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed (scripts/tools needs it too)")
    sent = json.dumps({"codeHashes": committed_code_hashes(), "cases": cases})
    command = [node, "--no-warnings", str(SCRIPT)]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    answers: list[Any] = json.loads(done.stdout)
    return answers


def compare(cases: Iterable[Case]) -> list[str]:
    """The verdicts of bundles and certificates, after each was found to be judged alike, step by step."""
    cases = list(cases)
    asked = [
        {
            "door": "verify",
            "bundle": base64.b64encode(data).decode(),
            "policy": None if policy is None else policy.format(),
        }
        for data, policy in cases
    ]
    verdicts = []
    for (data, policy), found in zip(cases, ask(asked), strict=True):
        wanted = verify_handed(data, policy).to_json()
        states = [(step["number"], step["name"], step["verdict"]) for step in wanted["steps"]]
        assert [(s["number"], s["name"], s["verdict"]) for s in found["steps"]] == states, (wanted, found)
        assert (found["verdict"], found["subject"]) == (wanted["verdict"], wanted["subject"])
        for theirs, ours in zip(found["steps"], wanted["steps"], strict=True):
            if ours["verdict"] in STATEMENTS:
                assert theirs["reason"] == ours["reason"]
        verdicts.append(wanted["verdict"])
    return verdicts
