"""Export an audit package: a year's full readings with all that proves them (docs/formats/audit-package.md)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from carbonledger import package, tiles
from carbonledger.errors import Refused
from carbonledger.identifiers import object_id
from carbonledger.package import Description, anchor_file, files_of
from carbonledger.tiles import TilePath
from oracle import log_entries
from oracle.disclosure import Disclosure, Reported, YearEvidence
from oracle.documents import listed, read
from oracle.node import OracleNode

HASH_BYTES: Final = 32


def export(
    node: OracleNode,
    disclosure: Disclosure,
    reported: Reported,
    year: YearEvidence,
    bundle: bytes,
    path: Path,
    more: Iterable[bytes] = (),
) -> None:
    """Write the package of a year to `path`: whole and on the disk, or not at all.

    `more` are documents that the report's record names and the log does not: the verifier's findings.
    """
    log = object_id(node.origin)
    size = max(int(anchor.field("size")) for anchor in year.anchors)
    kept = {document.digest for document in listed(node, size).documents.values()}
    documents = {digest: data for digest in sorted(kept) if (data := read(node, digest)) is not None}
    documents |= {hashlib.sha256(data).hexdigest(): data for data in more}
    documents = dict(sorted(documents.items()))
    description = Description(reported.member, reported.year, node.origin, 0, size, tuple(documents))
    checkpoints = {int(anchor.field("size")): disclosure.note(int(anchor.field("size"))) for anchor in year.anchors}
    signed = {key.key_id for key in disclosure.signing_keys()}
    records = [
        record
        for need, record in year.records.items()
        if need.kind in ("anchor", "device") or (need.kind == "key" and need.id in signed)
    ]
    files = files_of(
        description,
        bundle=bundle,
        device_salts={signer.identifier: signer.salt for signer in node.directory.signers},
        keys=disclosure.signing_keys(),
        checkpoints=checkpoints,
        anchors=anchor_file(records, year.evidence, bundle),
        tile=lambda wanted: tile_of(node.log_dir, wanted),
        evidence=(data for _, data in log_entries.evidence_files(node, size)),
        document=documents.__getitem__,
    )
    if any(anchor.field("logId") != log for anchor in year.anchors):
        raise Refused("anchors of another log", expected=log.hex(), found="others")
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        package.write(files, file.write)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def tile_of(folder: Path, wanted: str) -> bytes:
    """A tile or entry bundle of an earlier size, cut from a wider one where the exact one was collected."""
    exact = folder / wanted
    if exact.exists():
        return exact.read_bytes()
    parsed = TilePath.parse(wanted)
    for width in range(parsed.width + 1, tiles.TILE_WIDTH + 1):
        wider = folder / str(TilePath(parsed.level, parsed.index, width))
        if wider.exists():
            data = wider.read_bytes()
            if parsed.level is not None:
                return data[: parsed.width * HASH_BYTES]
            return tiles.format_bundle(tiles.parse_bundle(data, width)[: parsed.width])
    raise Refused(f"{wanted} is not in the log's folder", expected="that tile or a wider one", found="none")
