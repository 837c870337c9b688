"""The frame around the code: locks, licences, forbidden words, links, decisions, generated files."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from email.message import Message
from pathlib import Path

import pytest

from scripts import doc_links, forbidden, licences

ROOT = Path(__file__).resolve().parents[2]


def required(name: str) -> set[str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines if line and not line.startswith(("#", "-"))]
    return {re.sub(r"[-_.]+", "-", found[0]).lower() for found in names if found}


@pytest.mark.parametrize(
    ("source", "lock"),
    [(f"{name}.in", f"{name}.lock") for name in ("requirements", "requirements-models", "requirements-dev")],
)
def test_the_lock_covers_what_is_required(source: str, lock: str) -> None:
    assert required(source) <= licences.locked(ROOT / lock).keys()


def test_the_development_lock_has_every_pin_of_the_run_time_lock() -> None:
    run, dev = licences.locked(ROOT / "requirements.lock"), licences.locked(ROOT / "requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_the_development_lock_has_every_pin_of_the_optional_models_and_the_run_time_lock_none() -> None:
    run, models, dev = (
        licences.locked(ROOT / f"{name}.lock") for name in ("requirements", "requirements-models", "requirements-dev")
    )
    assert {name: dev.get(name) for name in models} == models
    assert not {"scikit-learn", "numpy", "scipy"} & run.keys()


def test_the_project_file_and_the_run_time_requirements_name_the_same_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["services"]]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=\[]", item)[0]).lower() for item in named}
    assert names == required("requirements.in")


def test_every_pin_has_hashes_and_no_lock_names_a_host() -> None:
    for name in ("requirements.lock", "requirements-models.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        pins = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
        assert pins and [pin for pin in pins if "--hash=sha256:" not in pin] == []
        assert "://" not in text
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text("utf-8")


def test_the_npm_lock_pins_what_the_package_file_names_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, version in {**package["devDependencies"], **package["optionalDependencies"]}.items():
        entry = locked[f"node_modules/{name}"]
        assert entry["version"] == version and entry["integrity"].startswith("sha512-")


def test_every_package_at_run_time_has_a_permissive_licence() -> None:
    assert licences.problems(ROOT / "requirements.lock") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License-Expression": "MIT OR Apache-2.0"}, "MIT OR Apache-2.0"),
        ({"License-Expression": "GPL-3.0-or-later", "Classifier": "License :: OSI Approved :: MIT License"}, ""),
        ({"License-Expression": "MIT AND LGPL-3.0-only"}, ""),
        ({"License": "BUSL-1.1"}, ""),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"}, ""),
        ({"License": "", "Classifier": "License :: OSI Approved :: Apache Software License"}, "Apache-2.0"),
        ({}, ""),
    ],
)
def test_a_licence_passes_only_when_it_is_known_and_permissive(fields: dict[str, str], expected: str) -> None:
    metadata = Message()
    for name, value in fields.items():
        metadata[name] = value
    assert licences.expression(metadata) == expected


def test_no_tracked_file_names_a_machine_a_registry_or_unfinished_work() -> None:
    assert forbidden.problems(forbidden.tracked()) == []


def test_the_gate_finds_what_it_is_there_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forbidden, "ROOT", tmp_path)
    bad = tmp_path / "bad.py"
    bad.write_text(f"path = '/ho{''}me/somebody/x'\nraise NotImpl{''}ementedError\n# TO{''}DO later\nfine = 1\n")
    assert [line.split(":")[1] for line in forbidden.problems([bad])] == ["1", "2", "3"]


def test_every_relative_link_in_the_documents_leads_somewhere() -> None:
    assert doc_links.problems(forbidden.tracked()) == []


def test_links_are_found_outside_code_only() -> None:
    text = "[a](b.md#c) `[x](y)` ![p](q/r.png) [w](https://w.example)\n```\n[n](o)\n```\n[self](#here)"
    assert doc_links.links(text) == ["b.md", "q/r.png"]


def test_every_decision_is_listed_in_the_readme_of_the_decisions() -> None:
    folder = ROOT / "docs/decisions"
    decisions = {file.name for file in folder.glob("*.md")} - {"README.md"}
    assert decisions == set(doc_links.links((folder / "README.md").read_text("utf-8"))) & decisions
    assert decisions


def test_a_generated_file_names_a_generator_that_exists() -> None:
    for file in forbidden.tracked():
        if file.suffix in {".py", ".sol", ".js", ".md"} and "vendor" not in file.parts:
            head = "\n".join(file.read_text("utf-8").splitlines()[:5])
            for generator in re.findall(r"[Gg]enerated by `?((?:scripts|docker|docs|ledger_node)/[\w./]+\w)", head):
                assert (ROOT / generator).exists(), f"{file}: {generator}"


def test_scripts_are_valid_shell_and_executable() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix] + [ROOT / ".ci/run"]
    assert {"run", "test", "check", "bench", "tools"} <= {path.name for path in scripts}
    for script in scripts:
        assert script.stat().st_mode & 0o111, f"{script} is not executable"
        if "bash" in script.read_text("utf-8").splitlines()[0]:
            subprocess.run(["bash", "-n", script], check=True)
