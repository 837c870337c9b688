"""Whatever one was handed: a bundle of a reading, report, code or grade, or a certificate, told by its kind; pure."""

from __future__ import annotations

from carbonledger import jcs
from carbonledger.errors import Malformed
from carbonledger.policy import Policy
from carbonledger.title import document as certificate
from carbonledger.title import verify as verify_certificate
from carbonledger.verify import Verification, verify
from carbonledger.verify.context import CodeHashes


def verify_handed(data: bytes, policy: Policy | None = None, *, code_hashes: CodeHashes | None = None) -> Verification:
    """Verify the bytes by the steps of their kind: a certificate's six, else a bundle's sixteen."""
    check = verify_certificate if is_certificate(data) else verify
    return check(data, policy, code_hashes=code_hashes)


def is_certificate(data: bytes) -> bool:
    """Whether the bytes say that they are a certificate of title or of retirement."""
    try:
        value = jcs.decode(data)
    except Malformed:
        return False
    return isinstance(value, dict) and value.get("kind") in certificate.KINDS
