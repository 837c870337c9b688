"""Who and what is in the small world of the tests: names, ids and keys, always the same."""

from __future__ import annotations

import hashlib

from carbonledger.identifiers import chain_name, object_id
from carbonledger.keys import PrivateKey

CHAIN_ID = 9732
ORIGIN = "gateway.example/readings"
WITNESS = "witness.example/w1"
FOREIGN = "witness.example/foreign"
GATEWAY = "gateway-1"
CLERK = "clerk-1"
UNIT = "plant-1"
YEAR = 2025
GENESIS = hashlib.sha256(b"genesis of the small world").digest()
PROVINCE = chain_name("37")
ZERO = bytes(32)
ITEM = object_id(UNIT)


def key(algorithm: str, name: str) -> PrivateKey:
    """The key of a named actor, always the same."""
    return PrivateKey.from_seed(algorithm, hashlib.sha256(b"small world " + name.encode()).digest())


def member(number: int) -> bytes:
    """Id of a member."""
    return hashlib.sha256(b"member %d" % number).digest()


VALIDATORS = [key("es256k", f"validator {n}") for n in range(4)]
ENTERPRISE, VERIFIER, REGULATOR, WITNESS_MEMBER = (member(n) for n in range(4))
