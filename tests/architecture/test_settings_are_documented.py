"""docs/operations.md names every key of every configuration file."""

from __future__ import annotations

import re
import textwrap
import typing
from pathlib import Path

import msgspec
import pytest

import api.settings
import ledger_node.config
import oracle.config
from ledger_node.commands import founders

PAGE = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text(encoding="utf-8")


def keys(settings: type[msgspec.Struct]) -> set[str]:
    found: set[str] = set()
    for field in msgspec.structs.fields(settings):
        inner = [t for t in _types(field.type) if isinstance(t, type) and issubclass(t, msgspec.Struct)]
        for struct in inner:
            found |= keys(struct)
        if not inner:
            found.add(field.name)
    return found


def _types(kind: object) -> list[object]:
    return [kind, *(t for argument in typing.get_args(kind) for t in _types(argument))]


@pytest.mark.parametrize(
    ("settings", "section"),
    [
        (oracle.config.Settings, "oracle.toml"),
        (ledger_node.config.Settings, "ledger_node.toml"),
        (api.settings.Config, "api.toml"),
    ],
)
def test_every_key_is_on_the_page(settings: type[msgspec.Struct], section: str) -> None:
    _, _, rest = PAGE.partition(f"`{section}`:")
    text = rest.partition("\n## ")[0]
    missing = sorted(key for key in keys(settings) if f"`{key}`" not in text)
    assert missing == []


def test_the_example_of_a_founders_file_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"^ *```toml\n( *threshold.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    file = tmp_path / "founders.toml"
    file.write_text(textwrap.dedent(example).replace("threshold = 2", "threshold = 1"), encoding="utf-8")
    assert len(founders.load(file).founders) == 1
