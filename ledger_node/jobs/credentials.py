"""Certificates follow the records of the chain.

1. `find` looks at the records of blocks that it has not seen, and opens one job for each subject that they touch;
2. that job brings the certificates of its subject to what the records say: issues what is missing and has not lapsed,
   suspends, clears and revokes. It asks the records, not what happened: done twice, or late, it ends the same;
3. `sign_lists` signs the status lists whose bits changed, and those that were signed long ago.

Each is one transaction. A certificate and the end of its job are committed together, and a record has one at most.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from carbonledger import jcs
from carbonledger.credential import multibase
from carbonledger.credential.did import did_of
from carbonledger.credential.status_list import ENTRIES
from carbonledger.errors import Refused, Unknown
from carbonledger.identifiers import chain_name
from carbonledger.periods import rfc3339
from carbonledger.records import code_id
from ledger_node.credentials.claims import ITSELF, Claim, claim_of
from ledger_node.credentials.issuer import LIST_RENEWED_S, Issuer
from ledger_node.credentials.standing import Subject, revocation, suspension
from ledger_node.db.engine import Lock, hold
from ledger_node.jobs.queue import Handler, Job, forget, open_job
from ledger_node.queries import assessment, credentials, records
from ledger_node.queries.credentials import Issued

CERTIFY: Final = "certify"
KEPT_S: Final = 7 * 86_400
"""How long done jobs are kept."""
KINDS: Final = ("assessment", "grade", "code", "inspection", "disposal")
"""Kinds of record that certificates depend on."""
RECORDS_AT_ONCE: Final = 5000
LIST_FULL: Final = ENTRIES // 2
"""Certificates in one list: a random index is free at the second try or sooner, on average."""
ID_BYTES: Final = 16

Choose = Callable[[int], int]
"""A random number below another."""


def begin(connection: Connection, issuer: Issuer, now: int) -> None:
    """Make the issuer's key known under each of its names, before it signs anything.

    Refused where certificates stand that were issued under an address which the issuer does not name: nobody would sign
    their lists, and within a week no reader could say whether they stand.
    """
    for base in credentials.bases(connection, now):
        if base.standing and base.url not in issuer.bases:
            raise Refused(
                "certificates stand under an address that the issuer does not name",
                expected=f"{base.url} among {', '.join(issuer.bases)}",
                found=f"{base.standing} certificates, the last until {_until(base.last)}",
                remedy="Name it under `former` in [credentials], and keep it answering (docs/credentials.md)",
            )
    for base_url in issuer.bases:
        credentials.know_key(connection, did_of(base_url), multibase.multikey(issuer.key.public), now)


def find(connection: Connection, now: int) -> int:
    """Open the jobs of the subjects that new records touch; how many are new."""
    seen = credentials.scanned(connection)
    touched, top = credentials.touched(connection, KINDS, seen, RECORDS_AT_ONCE)
    if top is None or top == seen:
        return 0
    subjects = {(str(kept["member"]), str(kept.fields.get("project", ITSELF))) for kept in touched}
    if seen < 0:  # blocks were taken back, perhaps with records that certificates are of
        subjects |= credentials.subjects(connection)
    opened = sum(open_certify(connection, member, project, top, now) for member, project in sorted(subjects))
    credentials.mark_scanned(connection, top)
    forget(connection, (CERTIFY,), now - KEPT_S)
    return opened


def forget_scan(connection: Connection) -> None:
    """Look at every record again: certificates of a subject whose job was given up are made then."""
    credentials.mark_scanned(connection, -1)


def open_certify(connection: Connection, member: str, project: str, block: int, now: int) -> bool:
    """Open the job of one subject as of a block; whether it is new."""
    subject = code_id(bytes.fromhex(member), bytes.fromhex(project)).hex()
    # blocks that were taken back come again with other records under the same number
    content = {"member": member, "project": project}
    return open_job(connection, f"{CERTIFY}/{subject}/{block}/{now}", CERTIFY, content, now)


def handlers(issuer: Issuer, choose: Choose = secrets.randbelow) -> dict[str, Handler]:
    """The handler for a queue; `choose` draws ids and places."""

    def certify(connection: Connection, job: Job, now: int) -> None:
        bring_up(connection, issuer, str(job.content["member"]), str(job.content["project"]), now, choose)

    return {CERTIFY: certify}


def bring_up(
    connection: Connection, issuer: Issuer, member: str, project: str, now: int, choose: Choose = secrets.randbelow
) -> None:
    """Bring the certificates of a subject to what the records say now."""
    hold(connection, Lock.EVENTS)
    subject = subject_of(connection, member, project)
    known = {issued.claim.record: issued for issued in credentials.of_subject(connection, member, project)}
    for issued in known.values():
        _stand(connection, issued, subject, now)
    for identifier, kept in subject.records().items():
        claim = claim_of(kept, issuer.validity_days)
        if claim is None or identifier in known or revocation(claim, subject) is not None:
            continue
        if claim.valid_until is None or now < claim.valid_until:
            _issue(connection, issuer, claim, suspension(claim, subject), now, choose)


def subject_of(connection: Connection, member: str, project: str) -> Subject:
    """The records of a subject."""
    inspections = [kept for kept in records.of_member(connection, "inspection", member) if kept["project"] == project]
    return Subject(
        code=assessment.code(connection, member, project),
        assessments=assessment.assessments(connection, member, project),
        grades=assessment.grades(connection, member, project),
        inspections=inspections,
        disposals=records.of_member(connection, "disposal", member) if project == ITSELF else [],
    )


def sign_lists(connection: Connection, issuer: Issuer, now: int) -> int:
    """Sign the lists that are due, each by the name under which it was opened; how many."""
    if not credentials.due_lists(connection, issuer.bases, now - LIST_RENEWED_S):
        return 0
    hold(connection, Lock.EVENTS)  # a bit that is set while a list is signed would else be taken for signed
    due = credentials.due_lists(connection, issuer.bases, now - LIST_RENEWED_S)
    for purpose, number, base_url in due:
        bits = credentials.set_bits(connection, purpose, number)
        signed = issuer.under(base_url).status_list(purpose, number, bits, now)
        credentials.sign_list(connection, purpose, number, signed, now)
    return len(due)


def _stand(connection: Connection, issued: Issued, subject: Subject, now: int) -> None:
    if issued.revoked:
        return
    why = suspension(issued.claim, subject)
    if why != issued.suspended:
        credentials.suspend(connection, issued, why, now)
    revoked = revocation(issued.claim, subject)
    if revoked is not None:
        credentials.revoke(connection, issued, revoked, now)


def _issue(
    connection: Connection, issuer: Issuer, claim: Claim, suspended: str | None, now: int, choose: Choose
) -> None:
    contract = _contract(connection, claim)
    identifier = choose(1 << 8 * ID_BYTES).to_bytes(ID_BYTES, "big").hex()
    place = _place(connection, issuer.base_url, choose)
    signed = issuer.certificate(identifier, claim, contract, place, now)
    credentials.add(
        connection,
        Issued(
            id=identifier,
            claim=claim,
            place=place,
            base_url=issuer.base_url,
            issued_at=now,
            suspended=suspended,
            suspended_at=now if suspended else None,
            revoked=None,
            revoked_at=None,
            note=None,
            signed=signed,
        ),
    )


def _contract(connection: Connection, claim: Claim) -> bytes:
    found = records.one(connection, "contract", chain_name(claim.contract).hex())
    if found is None:
        raise Unknown(
            "contract of a certificate", expected=f"{claim.contract} in the Directory", found="not in the view"
        )
    return bytes.fromhex(found["location"])


def _place(connection: Connection, base_url: str, choose: Choose) -> tuple[int, int]:
    """A place in the newest lists of an address that no certificate has: drawn, it tells neither order nor subject."""
    number, taken = credentials.newest_list(connection, base_url)
    if number == 0 or taken >= LIST_FULL:
        number = credentials.open_lists(connection, base_url)
    while credentials.is_taken(connection, place := (number, choose(ENTRIES))):
        pass
    return place


def _until(last: int | None) -> str:
    return "it is revoked" if last is None else rfc3339(last * 1000)


def revoke(connection: Connection, identifier: str, why: str, note: str, now: int) -> Issued:
    """Revoke by hand; Unknown if there is no such certificate. One that is revoked stays as it is."""
    hold(connection, Lock.EVENTS)
    issued = credentials.one(connection, identifier)
    if issued is None:
        raise Unknown("certificate", expected="the id of one (32 hex digits)", found=identifier[:80])
    if issued.revoked:
        return issued
    credentials.revoke(connection, issued, why, now, note)
    return replace(issued, revoked=why, revoked_at=now, note=note)


def withdraw_key(connection: Connection, issuer: Issuer, multikey: str) -> bool:
    """Take a key out of the issuer's document, for good; whether it was there. Refused for the one that signs now.

    What it signed is nobody's word from then on: `sign_again` has to follow, and may be called until it says 0.
    """
    if multikey == multibase.multikey(issuer.key.public):
        raise Refused(
            "the key is the one that signs now",
            expected="another key in the configuration",
            found=multikey,
            remedy="Make a new key, name it in [credentials], then withdraw the old one",
        )
    hold(connection, Lock.EVENTS)
    credentials.change_all(connection)
    return credentials.forget_key(connection, multikey)


def sign_again(connection: Connection, issuer: Issuer, after: str, now: int, most: int = 500) -> tuple[str, int] | None:
    """Sign certificates whose key is not the issuer's any more, some of those with ids after one.

    (the last id looked at, how many were signed); None at the end. Ids, places and what is certified stay.
    """
    page = credentials.every(connection, after, most)
    if not page:
        return None
    known = credentials.keys(connection)
    signed = 0
    for issued in page:
        name, _, key = jcs.decode_object(issued.signed.document)["proof"]["verificationMethod"].partition("#")
        if issued.base_url in issuer.bases and key not in known.get(name, ()):
            contract = _contract(connection, issued.claim)
            by = issuer.under(issued.base_url)
            again = by.certificate(issued.id, issued.claim, contract, issued.place, now)
            credentials.sign_again(connection, issued, again)
            signed += 1
    return page[-1].id, signed
