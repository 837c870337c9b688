"""The tables of an oracle's store (`store.db`) and of its checkpoint store (`checkpoints.db`)."""

from __future__ import annotations

from typing import Final

STORE_VERSION: Final = 3
CHECKPOINTS_VERSION: Final = 1

# A chunk is what one durable transaction accepted: `count` entries from index `first`, all of one intake time.
# `evidence` is what `oracle.frames` describes: R, A and salt of each entry; `previous` is, for each signer in the
# chunk, u32 signer and the 32 bytes of its last commitment before the chunk. Leaves follow from these.
# A run is `count` entries of one signer: sequences rise by one from `first_sequence`, log indices by `step` from
# `first_index`. With them a (signer, sequence) is found without one row for each entry, also where meters take turns.
STORE: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE signers (
    number INTEGER PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    salt BLOB NOT NULL,
    unit TEXT,
    register_type TEXT,
    profile TEXT NOT NULL,
    removed_ms INTEGER
);
CREATE TABLE keys (
    signer INTEGER NOT NULL REFERENCES signers,
    from_sequence INTEGER NOT NULL,
    short_id BLOB NOT NULL,
    key_id BLOB NOT NULL UNIQUE,
    algorithm TEXT NOT NULL,
    public BLOB NOT NULL,
    PRIMARY KEY (signer, from_sequence)
) WITHOUT ROWID;
CREATE TABLE heads (
    signer INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    previous BLOB NOT NULL
);
CREATE TABLE runs (
    signer INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    first_index INTEGER NOT NULL,
    count INTEGER NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (signer, first_sequence)
) WITHOUT ROWID;
CREATE TABLE chunks (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    intake_ms INTEGER NOT NULL,
    time_from INTEGER NOT NULL,
    time_to INTEGER NOT NULL,
    previous BLOB NOT NULL,
    evidence BLOB NOT NULL
);
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    signed INTEGER NOT NULL,
    raw BLOB NOT NULL
);
CREATE TABLE accesses (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX quarantine_kept ON quarantine (signed, number);
"""

# `heads` is the compare-and-swap that comes before every signature: one root for one size, ever.
CHECKPOINTS: Final = """
CREATE TABLE heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL);
CREATE TABLE notes (
    size INTEGER PRIMARY KEY REFERENCES heads,
    note BLOB NOT NULL,
    missing TEXT NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX notes_waiting ON notes (delivered, size);
CREATE TABLE witnesses (name TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
"""
