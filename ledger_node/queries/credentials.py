"""Certificates, status lists and issuers' keys as this database keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, case, func, insert, or_, select, update

from carbonledger.credential.model import PURPOSES, Purpose
from ledger_node.credentials.claims import Claim
from ledger_node.credentials.issuer import Signed
from ledger_node.db.schema import block, credential, credential_key, credential_scan, record, status_list
from ledger_node.queries import node_events, records
from ledger_node.queries.records import Kept

_WITHOUT_END: Final = 2**53


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as it is kept. `place`: number of its lists, index there; times in Unix s."""

    id: str
    claim: Claim
    place: tuple[int, int]
    base_url: str
    issued_at: int
    suspended: str | None
    suspended_at: int | None
    revoked: str | None
    revoked_at: int | None
    note: str | None
    signed: Signed

    def standing(self, now: int) -> str:
        """`revoked`, `suspended`, `lapsed`, `not-yet` or `valid`."""
        if self.revoked:
            return "revoked"
        if self.suspended:
            return "suspended"
        if now < self.claim.valid_from:
            return "not-yet"
        until = self.claim.valid_until
        return "lapsed" if until is not None and now > until else "valid"


@dataclass(frozen=True, slots=True)
class StatusList:
    """A signed status list; `signed_at` in Unix s."""

    purpose: Purpose
    number: int
    signed_at: int
    signed: Signed


@dataclass(frozen=True, slots=True)
class Base:
    """An address under which was issued: how many certificates, how many of them neither lapsed nor revoked, and until
    when the last of those may be shown (s; None: without end, or there is none)."""

    url: str
    issued: int
    standing: int
    last: int | None


def one(connection: Connection, identifier: str) -> Issued | None:
    """A certificate by its id."""
    row = connection.execute(select(credential).where(credential.c.id == identifier)).first()
    return None if row is None else _issued(row)


def of_member(connection: Connection, member: str) -> list[Issued]:
    """All certificates of a member and its projects, in the order of what they certify."""
    query = select(credential).where(credential.c.member == member).order_by(credential.c.valid_from, credential.c.id)
    return [_issued(row) for row in connection.execute(query)]


def of_subject(connection: Connection, member: str, project: str) -> list[Issued]:
    """All certificates of one subject."""
    return [one for one in of_member(connection, member) if one.claim.project == project]


def latest(connection: Connection, member: str, project: str, kind: str, now: int) -> list[Issued]:
    """The newest certificates of a kind that a subject may show at a time (s): of grades one of each scheme."""
    mine = [i for i in of_subject(connection, member, project) if i.claim.kind == kind and i.standing(now) == "valid"]
    return list({i.claim.said.get("scheme", ""): i for i in mine}.values())


def subjects(connection: Connection) -> set[tuple[str, str]]:
    """Member and project of all that have a certificate."""
    query = select(credential.c.member, credential.c.project).distinct()
    return {(str(member), str(project)) for member, project in connection.execute(query)}


def every(connection: Connection, after: str, limit: int) -> list[Issued]:
    """Certificates in the order of their ids, from after one."""
    query = select(credential).where(credential.c.id > after).order_by(credential.c.id).limit(limit)
    return [_issued(row) for row in connection.execute(query)]


def bases(connection: Connection, now: int) -> list[Base]:
    """The addresses under which was issued, in the order of their first certificate."""
    c = credential.c
    until = func.coalesce(c.valid_until, _WITHOUT_END)
    stands = c.revoked.is_(None) & (until >= now)
    query = (
        select(
            c.base_url,
            func.count(),
            func.coalesce(func.sum(case((stands, 1), else_=0)), 0),
            func.max(case((stands, until), else_=0)),
        )
        .group_by(c.base_url)
        .order_by(func.min(c.issued_at), c.base_url)
    )
    return [
        Base(str(url), int(issued), int(standing), int(last) if 0 < int(last) < _WITHOUT_END else None)
        for url, issued, standing, last in connection.execute(query)
    ]


def add(connection: Connection, issued: Issued) -> None:
    """Keep a new certificate; IntegrityError where its record has one."""
    claim = issued.claim
    connection.execute(
        insert(credential).values(
            id=issued.id,
            record=claim.record,
            kind=claim.kind,
            member=claim.member,
            project=claim.project,
            claim=_claim_json(claim),
            valid_from=claim.valid_from,
            valid_until=claim.valid_until,
            status_list=issued.place[0],
            status_index=issued.place[1],
            base_url=issued.base_url,
            issued_at=issued.issued_at,
            suspended=issued.suspended,
            suspended_at=issued.suspended_at,
            revoked=issued.revoked,
            revoked_at=issued.revoked_at,
            note=issued.note,
            document=issued.signed.document,
            token=issued.signed.token,
        )
    )
    if issued.suspended or issued.revoked:
        _changed(connection, issued.place[0])
    _tell(connection, issued, "issued", issued.suspended, issued.issued_at)


def suspend(connection: Connection, issued: Issued, why: str | None, now: int) -> None:
    """Set the reason of a suspension, or clear it."""
    values = {"suspended": why, "suspended_at": now if why else None}
    connection.execute(update(credential).where(credential.c.id == issued.id).values(**values))
    _changed(connection, issued.place[0])
    _tell(connection, issued, "suspended" if why else "resumed", why, now)


def revoke(connection: Connection, issued: Issued, why: str, now: int, note: str | None = None) -> None:
    """Revoke; nothing takes that back."""
    values = {"revoked": why, "revoked_at": now, "note": note}
    connection.execute(update(credential).where(credential.c.id == issued.id).values(**values))
    _changed(connection, issued.place[0])
    _tell(connection, issued, "revoked", why, now)


def sign_again(connection: Connection, issued: Issued, signed: Signed) -> None:
    """Keep the same certificate under another signature."""
    values = {"document": signed.document, "token": signed.token}
    connection.execute(update(credential).where(credential.c.id == issued.id).values(**values))


# places in the lists


def is_taken(connection: Connection, place: tuple[int, int]) -> bool:
    """Whether a certificate has this place."""
    at = (credential.c.status_list == place[0]) & (credential.c.status_index == place[1])
    return connection.execute(select(credential.c.id).where(at)).first() is not None


def newest_list(connection: Connection, base_url: str) -> tuple[int, int]:
    """The highest number of a list of an address, 0 before the first, and how many places of it are taken."""
    mine = select(func.max(status_list.c.number)).where(status_list.c.base_url == base_url)
    number = connection.execute(mine).scalar() or 0
    taken = connection.execute(select(func.count()).where(credential.c.status_list == number)).scalar()
    return int(number), int(taken or 0)


def change_all(connection: Connection) -> None:
    """Have every list signed anew."""
    connection.execute(update(status_list).values(changed=1))


def open_lists(connection: Connection, base_url: str) -> int:
    """Two more lists, of an address, to be signed; their number. Numbers go on over all addresses, as all are served
    by one node."""
    number = 1 + int(connection.execute(select(func.max(status_list.c.number))).scalar() or 0)
    empty = {"number": number, "base_url": base_url, "changed": 1, "signed_at": 0, "document": b"", "token": ""}
    connection.execute(insert(status_list), [empty | {"purpose": purpose} for purpose in PURPOSES])
    return number


def due_lists(connection: Connection, bases: Sequence[str], signed_before: int) -> list[tuple[Purpose, int, str]]:
    """Purpose, number and address of the lists of some addresses to be signed: a bit changed, or it is long ago."""
    columns = status_list.c
    due = or_(columns.changed == 1, columns.signed_at <= signed_before)
    query = select(columns.purpose, columns.number, columns.base_url).where(due, columns.base_url.in_(list(bases)))
    rows = connection.execute(query.order_by(columns.purpose, columns.number))
    return [(purpose, int(number), str(base_url)) for purpose, number, base_url in rows]


def set_bits(connection: Connection, purpose: Purpose, number: int) -> list[int]:
    """Indices that are set in a list, ascending."""
    column = credential.c.revoked if purpose == "revocation" else credential.c.suspended
    query = select(credential.c.status_index).where(credential.c.status_list == number, column.is_not(None))
    return sorted(int(index) for index in connection.execute(query).scalars())


def sign_list(connection: Connection, purpose: Purpose, number: int, signed: Signed, now: int) -> None:
    """Keep a list as it was signed."""
    at = (status_list.c.purpose == purpose) & (status_list.c.number == number)
    values = {"changed": 0, "signed_at": now, "document": signed.document, "token": signed.token}
    connection.execute(update(status_list).where(at).values(**values))


def one_list(connection: Connection, purpose: Purpose, number: int) -> StatusList | None:
    """A signed list; None where there is none."""
    at = (status_list.c.purpose == purpose) & (status_list.c.number == number)
    row = connection.execute(select(status_list).where(at, status_list.c.signed_at > 0)).first()
    if row is None:
        return None
    return StatusList(purpose, number, int(row.signed_at), Signed(bytes(row.document), str(row.token)))


# keys


def know_key(connection: Connection, did: str, multikey: str, now: int) -> None:
    """Keep a key of an issuer, once."""
    table = credential_key
    mine = (table.c.multikey == multikey) & (table.c.did == did)
    if connection.execute(select(table.c.multikey).where(mine)).first() is None:
        connection.execute(insert(table).values(did=did, multikey=multikey, since=now))


def keys(connection: Connection) -> dict[str, list[str]]:
    """Issuer → its Multikeys, in the order of their coming; an issuer that moved has several names."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(select(credential_key).order_by(credential_key.c.since, credential_key.c.multikey)):
        found.setdefault(str(row.did), []).append(str(row.multikey))
    return found


def forget_key(connection: Connection, multikey: str) -> bool:
    """Take a key out of its issuer's, under each of its names; whether it was one."""
    return connection.execute(credential_key.delete().where(credential_key.c.multikey == multikey)).rowcount > 0


# how far the records were looked at


def scanned(connection: Connection) -> int:
    """The last block whose records were looked at; −1 before the first, or where it was taken back."""
    query = select(credential_scan.c.block_number).join(
        block,
        block.c.number == credential_scan.c.block_number,
    )
    row = connection.execute(query.add_columns(credential_scan.c.block_hash, block.c.hash)).first()
    return int(row[0]) if row is not None and row[1] == bytes(row[2]).hex() else -1


def mark_scanned(connection: Connection, number: int) -> None:
    """Records up to this block were looked at; −1: begin again."""
    connection.execute(credential_scan.delete())
    found = connection.execute(select(block.c.hash).where(block.c.number == number)).scalar()
    if found is not None:
        connection.execute(insert(credential_scan).values(id=0, block_number=number, block_hash=bytes(found).hex()))


def touched(connection: Connection, kinds: Sequence[str], after: int, most: int) -> tuple[list[Kept], int | None]:
    """Records of these kinds from blocks after one, whole blocks up to about `most` records; and the last block."""
    top = connection.execute(select(func.max(block.c.number))).scalar()
    where = (record.c.block_number > after, record.c.kind.in_(list(kinds)))
    place = (record.c.block_number, record.c.log_index)
    # offset: the first record that is too many; its block is left for the next turn
    beyond = connection.execute(
        select(record.c.block_number).where(*where).order_by(*place).offset(most).limit(1)
    ).scalar()
    if beyond is not None:
        first = connection.execute(select(func.min(record.c.block_number)).where(*where)).scalar()
        top = beyond if first == beyond else beyond - 1  # a block that alone has too many is taken whole
    if top is None:
        return [], None
    query = records.rows(*where, record.c.block_number <= top, latest=False).order_by(*place)
    return [records.kept(row) for row in connection.execute(query)], int(top)


def _changed(connection: Connection, number: int) -> None:
    connection.execute(update(status_list).where(status_list.c.number == number).values(changed=1))


def _tell(connection: Connection, issued: Issued, change: str, why: str | None, now: int) -> None:
    """An event of the node, in the transaction of the change (docs/webhooks.md)."""
    claim = issued.claim
    data = {
        **{"credential": issued.id, "kind": claim.kind, "change": change, "reason": why, "record": claim.record},
        "links": {"credential": f"/v1/credentials/{issued.id}"},
    }
    node_events.tell(connection, "credential.changed", claim.member, data, now)


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "contract": claim.contract,
        "period": claim.period,
        "revision": claim.revision,
        "said": dict(claim.said),
        "scheme": claim.scheme,
    }


def _issued(row: Any) -> Issued:
    said: Mapping[str, Any] = row.claim
    claim = Claim(
        kind=row.kind,
        record=row.record,
        member=row.member,
        project=row.project,
        valid_from=int(row.valid_from),
        valid_until=None if row.valid_until is None else int(row.valid_until),
        **said,
    )
    return Issued(
        id=row.id,
        claim=claim,
        place=(int(row.status_list), int(row.status_index)),
        base_url=row.base_url,
        issued_at=int(row.issued_at),
        suspended=row.suspended,
        suspended_at=row.suspended_at,
        revoked=row.revoked,
        revoked_at=row.revoked_at,
        note=row.note,
        signed=Signed(bytes(row.document), str(row.token)),
    )
