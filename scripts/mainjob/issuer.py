"""Who issues certificates in a home: a key of its own, drawn once."""

from __future__ import annotations

from carbonledger.keys import PrivateKey
from ledger_node.credentials.issuer import Issuer
from scripts.mainjob.cast import secret
from scripts.mainjob.home import Home


def issuer_in(home: Home, base_url: str, chain_id: int) -> Issuer:
    """The issuer of this home, whose API answers at `base_url`."""
    return Issuer(base_url, PrivateKey.from_seed("ed25519", secret(home.keys / "issuer.key")), chain_id)
