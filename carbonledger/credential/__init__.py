"""Certificates as W3C Verifiable Credentials 2.0: made, secured in two ways, verified (docs/credentials.md)."""

from carbonledger.credential.model import Certificate, Credential, parse
from carbonledger.credential.verify import verify

__all__ = ["Certificate", "Credential", "parse", "verify"]
