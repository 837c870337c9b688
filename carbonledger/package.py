"""The audit package: one plain ZIP in one form, written and read without compression (docs/formats/audit-package.md).

The form leaves no freedom: same files, same bytes. Reading checks that every byte of the container is what writing
would have put there, so that no byte of a package is outside what `replay` checks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from zlib import crc32

from carbonledger import jcs, tiles
from carbonledger.bundle import fields
from carbonledger.bundle.make import select_nodes
from carbonledger.bundle.model import MAX_LIST, Bundle, parse_records, record_order
from carbonledger.errors import Malformed
from carbonledger.evm.evidence import ChainEvidence
from carbonledger.framing import encode_base64
from carbonledger.keys import PublicKey
from carbonledger.records import Record

DESCRIPTION: Final = "package.json"
BUNDLE: Final = "report.bundle.json"
DEVICE_SALTS: Final = "device-salts.json"
KEYS: Final = "keys.json"
ANCHORS: Final = "anchors.json"
MAX_FILES: Final = 0xFFFF
MAX_SIZE: Final = 0xFFFFFFFF

# APPNOTE.TXT 4.3.7, 4.3.12 and 4.3.16: version 1.0, no flags, stored, 00:00 of 1980-01-01
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_DATE: Final = 0x21


def write(files: Iterable[tuple[str, bytes]], put: Callable[[bytes], object]) -> None:
    """Write (path, bytes) in the given order; `put` takes the pieces of the file. Malformed if it grows too large."""
    offset, count, central = 0, 0, []
    for path, data in files:
        name, checksum = _name(path), crc32(data)
        head = _local(name, checksum, len(data))
        central.append(_entry(name, checksum, len(data), offset))
        offset += len(head) + len(data)
        count += 1
        if count > MAX_FILES or offset > MAX_SIZE:
            raise Malformed(
                "the audit package is too large",
                expected=f"at most {MAX_FILES} files and 4 GiB",
                found=f"{count} files, {offset} bytes",
                remedy="Export a shorter range of the log",
            )
        put(head)
        put(data)
    directory = b"".join(central)
    put(directory)
    put(_END.pack(b"PK\5\6", 0, 0, count, count, len(directory), offset, 0))


class Container:
    """A package's files by path, read where they lie in `data` (bytes or a memory map)."""

    def __init__(self, data: bytes | memoryview) -> None:
        """Malformed unless the directory, the heads and their order are exactly as `write` makes them."""
        self._data = memoryview(data)
        self._places: dict[str, tuple[int, int, int]] = {}
        if len(data) < _END.size:
            raise Malformed("the audit package", expected="a ZIP file", found=f"{len(data)} bytes")
        count, length, start = _END.unpack(self._data[-_END.size :])[4:7]
        end = _END.pack(b"PK\5\6", 0, 0, count, count, length, start, 0)
        if bytes(self._data[-_END.size :]) != end or start + length + _END.size != len(data):
            raise _other_form("end of the directory")
        self._read_directory(start, length, count)

    def _read_directory(self, start: int, length: int, count: int) -> None:
        at, offset = start, 0
        for _ in range(count):
            if at + _CENTRAL.size > start + length:
                raise _other_form("directory")
            parts = _CENTRAL.unpack(self._data[at : at + _CENTRAL.size])
            checksum, size, name_size = parts[7], parts[8], parts[10]
            name = bytes(self._data[at + _CENTRAL.size : at + _CENTRAL.size + name_size])
            entry = _entry(name, checksum, size, offset)
            head = _local(name, checksum, size)
            if bytes(self._data[at : at + len(entry)]) != entry:
                raise _other_form(f"directory entry {name[:80]!r}")
            if bytes(self._data[offset : offset + len(head)]) != head or offset + len(head) + size > start:
                raise _other_form(f"head of {name[:80]!r}")
            path = name.decode("ascii", "replace")
            if path in self._places:
                raise Malformed("files of the audit package", expected="each once", found=path[:80])
            self._places[path] = (offset + len(head), size, checksum)
            at += len(entry)
            offset += len(head) + size
        if at != start + length or offset != start:
            raise _other_form("directory")

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths, in the order of the file."""
        return tuple(self._places)

    def read(self, path: str) -> bytes:
        """The bytes of a file; Malformed if there is none, or its checksum is another."""
        place = self._places.get(path)
        if place is None:
            raise Malformed("files of the audit package", expected=path, found="missing")
        start, size, checksum = place
        data = bytes(self._data[start : start + size])
        if crc32(data) != checksum:
            raise Malformed(f"checksum of {path}", expected=f"{checksum:08x}", found=f"{crc32(data):08x}")
        return data


@dataclass(frozen=True, slots=True)
class Description:
    """`package.json`: whose readings of which log, for which year; the package covers first <= index < size.

    `documents` are the digests (hex) of the documents whose bytes are in the package.
    """

    member: bytes
    year: int
    origin: str
    first: int
    size: int
    documents: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Description:
        """From canonical JSON."""
        v = fields.record(
            jcs.decode(data), DESCRIPTION, "bundle", "documents", "first", "kind", "log", "member", "size", "v", "year"
        )
        log = fields.record(v["log"], "the log of the package", "origin")
        found = cls(
            fields.hexadecimal(v["member"], "member of the package", 32),
            fields.index(v["year"], "year of the package"),
            fields.text(log["origin"], "origin of the package's log", 1000),
            fields.index(v["first"], "first index of the package"),
            fields.index(v["size"], "size of the package"),
            tuple(
                fields.hexadecimal(digest, "digest of a document", 32).hex()
                for digest in fields.items(v["documents"], "documents of the package", MAX_FILES)
            ),
        )
        if any(a >= b for a, b in pairwise(found.documents)):
            raise Malformed("documents of the package", expected="sorted, each once", found="another order")
        if found.json() != data:
            raise Malformed(DESCRIPTION, expected=repr(found.json())[:200], found=repr(data)[:200])
        if found.first % tiles.TILE_WIDTH or not found.first < found.size:
            raise Malformed("range of the package", expected="first a multiple of 256, below size", found=found.first)
        return found

    def json(self) -> bytes:
        """Canonical bytes."""
        return jcs.encode(
            {
                "bundle": BUNDLE,
                "documents": list(self.documents),
                "first": self.first,
                "kind": "audit-package",
                "log": {"origin": self.origin},
                "member": self.member.hex(),
                "size": self.size,
                "v": 1,
                "year": self.year,
            }
        )

    def paths(self, checkpoints: Sequence[int]) -> Iterator[str]:
        """All paths of the package in their order; `checkpoints` are the sizes that were anchored."""
        yield from (DESCRIPTION, BUNDLE, DEVICE_SALTS, KEYS)
        yield from (checkpoint_path(size) for size in checkpoints)
        yield ANCHORS
        yield from (str(tile) for tile in tiles.tiles_for_size(self.size) if tile.level is not None or self._has(tile))
        yield from (evidence_path(number) for number in self.numbers)
        yield from (document_path(digest) for digest in self.documents)

    @property
    def numbers(self) -> range:
        """Numbers of the entry bundles and evidence files."""
        return range(self.first // tiles.TILE_WIDTH, (self.size - 1) // tiles.TILE_WIDTH + 1)

    def _has(self, tile: tiles.TilePath) -> bool:
        return tile.index in self.numbers


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """`anchors.json`: all anchors of the range, the devices and keys of its entries, and what proves them.

    `nodes` are those trie nodes that the report's bundle lacks, sorted by keccak-256.
    """

    nodes: tuple[bytes, ...]
    records: tuple[Record, ...]

    @classmethod
    def parse(cls, data: bytes) -> AnchorFile:
        """From canonical JSON."""
        v = fields.record(jcs.decode(data), ANCHORS, "nodes", "records")
        nodes = fields.items(v["nodes"], "nodes of the package", 1 << 20)
        return cls(
            tuple(fields.base64(node, "a node") for node in nodes),
            parse_records(v["records"], "records of the package"),
        )

    def json(self) -> bytes:
        """Canonical bytes."""
        return jcs.encode(
            {
                "nodes": [encode_base64(node) for node in self.nodes],
                "records": [[record.kind, *record.to_json()] for record in self.records],
            }
        )


def anchor_file(records: Iterable[Record], evidence: ChainEvidence, bundle: bytes) -> AnchorFile:
    """The file for these records, from evidence of the bundle's block that may hold more nodes than are needed."""
    chain = Bundle.parse(bundle).chain
    if chain is None:
        raise Malformed("bundle of the package", expected="a chain part", found="none")
    ordered = sorted({(record.kind, record.id): record for record in records}.values(), key=record_order)
    slots: dict[bytes, list[bytes]] = {}
    for record in ordered:
        slots.setdefault(chain.contracts[record.definition.contract], []).append(record.slot())
    selected = select_nodes(evidence, slots)
    held = set(chain.evidence.nodes)
    return AnchorFile(tuple(node for node in selected.nodes if node not in held), tuple(ordered))


def parse_device_salts(data: bytes) -> dict[str, bytes]:
    """`device-salts.json`: identifier → 16 bytes."""
    value = jcs.decode_object(data)
    return {name: fields.hexadecimal(salt, f"salt of {name[:80]}", 16) for name, salt in value.items()}


def parse_keys(data: bytes) -> list[PublicKey]:
    """`keys.json`: public keys, sorted by key id."""
    keys = []
    for item in fields.items(jcs.decode(data), "keys of the package", MAX_LIST):
        v = fields.record(item, "a key", "algorithm", "public")
        algorithm = fields.text(v["algorithm"], "algorithm of a key", 20)
        keys.append(
            PublicKey(algorithm, fields.hexadecimal(v["public"], "a key", 32 if algorithm == "ed25519" else 33))
        )
    if any(a.key_id >= b.key_id for a, b in pairwise(keys)):
        raise Malformed("keys of the package", expected="sorted by key id, each once", found="another order")
    return keys


def files_of(
    description: Description,
    *,
    bundle: bytes,
    device_salts: Mapping[str, bytes],
    keys: Iterable[PublicKey],
    checkpoints: Mapping[int, bytes],
    anchors: AnchorFile,
    tile: Callable[[str], bytes],
    evidence: Iterable[bytes],
    document: Callable[[str], bytes] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """The files of a package in their order, for `write`.

    `checkpoints` maps each anchored size to its note; `tile` reads a tile of the log at `description.size` by its path;
    `evidence` gives the evidence files from `description.first` on; `document` reads a document by its digest.
    """
    yield DESCRIPTION, description.json()
    yield BUNDLE, bundle
    yield DEVICE_SALTS, jcs.encode({name: salt.hex() for name, salt in device_salts.items()})
    by_id = {key.key_id: key for key in keys}
    yield KEYS, jcs.encode([{"algorithm": by_id[i].algorithm, "public": by_id[i].data.hex()} for i in sorted(by_id)])
    sizes = sorted(checkpoints)
    for size in sizes:
        yield checkpoint_path(size), checkpoints[size]
    yield ANCHORS, anchors.json()
    for path in description.paths(sizes):
        if path.startswith("tile/"):
            yield path, tile(path)
    for number, data in zip(description.numbers, evidence, strict=True):
        yield evidence_path(number), data
    for digest in description.documents if document else ():
        assert document is not None
        yield document_path(digest), document(digest)


def document_path(digest: str) -> str:
    """Path of a document's bytes."""
    return f"documents/{digest}"


def checkpoint_path(size: int) -> str:
    """Path of the note of an anchored checkpoint."""
    return f"checkpoints/{size}"


def evidence_path(number: int) -> str:
    """Path of the evidence of the entries 256 * number and following: numbered as tlog-tiles number bundles."""
    return "evidence/" + tiles.entries_path(number).removeprefix("tile/entries/")


def format_evidence(entries: Iterable[tuple[bytes, bytes, bytes]]) -> bytes:
    """An evidence file: of each entry u16 len(R), R, u16 len(A), A, 16-byte salt."""
    parts: list[bytes] = []
    for body, evidence, salt in entries:
        parts += (len(body).to_bytes(2, "big"), body, len(evidence).to_bytes(2, "big"), evidence, salt)
    return b"".join(parts)


def _name(path: str) -> bytes:
    if not path.isascii() or not path.isprintable() or not 0 < len(path) < 200:
        raise Malformed("path in the audit package", expected="ASCII", found=repr(path)[:80])
    return path.encode("ascii")


def _local(name: bytes, checksum: int, size: int) -> bytes:
    return _LOCAL.pack(b"PK\3\4", 10, 0, 0, 0, _DATE, checksum, size, size, len(name), 0) + name


def _entry(name: bytes, checksum: int, size: int, offset: int) -> bytes:
    numbers = (20, 10, 0, 0, 0, _DATE, checksum, size, size, len(name), 0, 0, 0, 0, 0, offset)
    return _CENTRAL.pack(b"PK\1\2", *numbers) + name


def _other_form(what: str) -> Malformed:
    return Malformed(
        f"{what} of the audit package",
        expected="stored files, dated 1980-01-01, without extra fields, one after the other",
        found="another form",
    )
