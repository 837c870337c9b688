"""The audit package's container has one form, which common tools can open."""

from __future__ import annotations

import io
import zipfile

import pytest

from carbonledger.errors import Malformed
from carbonledger.package import Container, Description, evidence_path, parse_device_salts, parse_keys
from tests.support.world import World, zipped

WORLD = World()
FILES = WORLD.package_files()
PACKAGE = zipped(FILES)


def test_a_package_reads_back_what_was_written() -> None:
    container = Container(PACKAGE)
    assert [(path, container.read(path)) for path in container.paths] == FILES
    assert zipped((path, container.read(path)) for path in container.paths) == PACKAGE


def test_common_tools_open_a_package() -> None:
    with zipfile.ZipFile(io.BytesIO(PACKAGE)) as archive:
        assert archive.testzip() is None
        assert [(info.filename, archive.read(info)) for info in archive.infolist()] == FILES
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_package_of_another_tool_is_not_of_the_form() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in FILES:
            archive.writestr(path, data)
    with pytest.raises(Malformed, match="another form"):
        Container(target.getvalue())


def test_every_byte_of_the_container_is_fixed() -> None:
    small = zipped([("a", b"xy"), ("b/c", b"")])
    for at in range(len(small)):
        changed = bytearray(small)
        changed[at] ^= 0x40
        with pytest.raises(Malformed):
            found = Container(bytes(changed))
            for path in found.paths:
                found.read(path)
            if found.paths != ("a", "b/c"):
                raise Malformed("a path")


@pytest.mark.parametrize("data", [b"", b"PK\5\6", PACKAGE[:-1], PACKAGE[1:], PACKAGE + b"\0", PACKAGE[:1000]])
def test_what_is_no_package_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Container(data)


def test_a_path_twice_is_refused() -> None:
    with pytest.raises(Malformed, match="once"):
        Container(zipped([("a", b""), ("a", b"")]))


def test_the_description_reads_back_and_starts_at_a_bundle() -> None:
    description = Description(bytes(32), 2025, "o", 256, 300)
    assert Description.parse(description.json()) == description
    for wrong in (Description(bytes(32), 2025, "o", 1, 300), Description(bytes(32), 2025, "o", 512, 300)):
        with pytest.raises(Malformed, match="range"):
            Description.parse(wrong.json())
    with pytest.raises(Malformed):
        Description.parse(description.json().replace(b"audit-package", b"other"))


def test_evidence_is_numbered_as_bundles_are() -> None:
    assert [evidence_path(number) for number in (0, 7, 1234)] == ["evidence/000", "evidence/007", "evidence/x001/234"]


def test_salts_and_keys_are_read_strictly() -> None:
    assert parse_device_salts(b'{"a":"' + b"0" * 32 + b'"}') == {"a": bytes(16)}
    for data in (b"[]", b'{"a":"00"}', b'{"a":1}'):
        with pytest.raises(Malformed):
            parse_device_salts(data)
    files = dict(FILES)
    assert len(parse_keys(files["keys.json"])) == 2
    with pytest.raises(Malformed):
        parse_keys(b"{}")
