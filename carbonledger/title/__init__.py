"""Certificates of title and of retirement: one self-contained file that says who holds, or ended, which tonnes.

document  the file: strict parsing, and formatting that gives the same bytes back (docs/formats/title.md)
needs     which records of the chain a certificate holds, told before they are fetched
verify    the offline verifier: numbered steps, a verdict
"""

from carbonledger.title.document import Certificate, make
from carbonledger.title.needs import needs_of
from carbonledger.title.verify import STEPS, verify

__all__ = ["STEPS", "Certificate", "make", "needs_of", "verify"]
