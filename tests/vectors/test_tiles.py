"""Complete published tlog-tiles logs are read, and made again byte by byte."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from carbonledger import merkle, tiles
from carbonledger.errors import Malformed

Vectors = Callable[[str], Path]


def head(path: Path) -> tuple[int, bytes]:
    _, size, root = path.read_text().split("\n")[:3]
    return int(size), base64.b64decode(root)


def reader_of(folder: Path, size: int) -> tiles.TileHashReader:
    return tiles.TileHashReader(lambda path: (folder / path).read_bytes(), size)


def test_the_log_of_fifteen_entries_is_made_again_at_every_size(vectors: Vectors) -> None:
    folder = vectors("tlog_tiles/tessera_testdata_log")
    entries = [
        x.encode() for x in json.loads(vectors("tlog_tiles/tessera_testdata_log.info.json").read_text())["leaves"]
    ]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    for size in range(1, 16):
        made = {str(path): data for path, data in tiles.grow(lambda path: b"", 0, leaves[:size])}
        assert made == {f"tile/0/000.p/{size}": (folder / f"tile/0/000.p/{size}").read_bytes()}
        bundle = (folder / tiles.entries_path(0, size)).read_bytes()
        assert bundle == tiles.format_bundle(entries[:size])
        assert tiles.parse_bundle(bundle, size) == entries[:size]
        named_size, root = head(folder / f"checkpoint.{size}")
        assert (named_size, root) == (size, merkle.root_from(reader_of(folder, size), size))
        for index in range(size):
            proof = merkle.inclusion_proof_from(reader_of(folder, size), index, size)
            merkle.verify_inclusion(leaves[index], index, size, proof, root)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof_from(reader_of(folder, size), old, size)
            merkle.verify_consistency(old, merkle.root(leaves[:old]), size, root, proof)
    assert head(folder / "checkpoint.0") == (0, merkle.EMPTY_ROOT)


def test_the_mirrored_log_of_three_hundred_entries(vectors: Vectors) -> None:
    folder = vectors("tlog_tiles/sunlight_mirror_300")
    size, root = head(folder / "checkpoint")
    reader = reader_of(folder, size)
    assert size == 300
    assert merkle.root_from(reader, size) == root
    leaves = [reader(0, index) for index in range(size)]
    assert merkle.root(leaves) == root
    for path, data in tiles.grow(lambda path: b"", 0, leaves):
        assert (folder / str(path)).read_bytes() == data
    for old in (1, 100, 255, 256, 257, 299):
        edge = merkle.Frontier()
        edge.extend(leaves[:old])
        merkle.verify_consistency(old, edge.root(), size, root, merkle.consistency_proof_from(reader, old, size))
        part = {str(p): d for p, d in tiles.grow(lambda path: b"", 0, leaves[:old])}
        for path, data in tiles.grow(part.__getitem__, old, leaves[old:]):
            assert (folder / str(path)).read_bytes() == data


def test_paths_of_the_go_tests_without_their_height_element(vectors: Vectors) -> None:
    document = json.loads(vectors("tlog_tiles/gomod_tile_paths.json").read_text())
    for case in document["cases"]:
        _, _height, rest = case["path"].split("/", 2)
        path = f"tile/{rest}"
        if case.get("invalid"):
            with pytest.raises(Malformed):
                tiles.TilePath.parse(path)
            continue
        full = case["W"] == 1 << case["H"]
        expected = tiles.TilePath(case["L"], case["N"], 256 if full else case["W"])
        assert tiles.TilePath.parse(path) == expected
        assert str(expected) == path


def test_the_arithmetic_examples_of_the_specification() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    found = [str(p) for p in tiles.tiles_for_size(70000) if p.level is not None]
    assert len(found) == 273 + 1 + 1 + 1 + 1
    assert found[273:] == ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert [str(p) for p in tiles.tiles_for_size(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
