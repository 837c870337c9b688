"""A year in the log of one gateway, made from nothing but keys: entries, leaves, checkpoints, months and their result.

A test changes rows, documents, manifests or statements before the tree is made, and sees who notices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from carbonledger import checkpoint, cosignature, entry, jcs, merkle
from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.lines import month_item
from carbonledger.accounting.statement import Statement
from carbonledger.checkpoint import Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.entry import Evidence, EvidenceType
from carbonledger.keys import PrivateKey, PublicKey
from carbonledger.month_statement import MonthLine, MonthStatement
from carbonledger.note import COSIGNATURE, ED25519, EIP712, Note, VerifierKey
from carbonledger.periods import month_bounds
from tests.support.actors import CHAIN_ID, CLERK, ENTERPRISE, FOREIGN, GATEWAY, ITEM, ORIGIN, WITNESS, YEAR, key

COAL = "fuel-heat-mass"
UNMEASURED_MONTH = 10


@dataclass
class Row:
    """One entry before it is in the log."""

    body: bytes
    evidence: bytes
    salt: bytes
    device_salt: bytes
    algorithm: str = "ed25519"
    leaf_changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Year:
    """Settings and the log that follows from them. Change settings or rows before the first leaf is asked for.

    `per_month` readings a month, the last at its end; `batch` of how many readings a signature is (1: each);
    `coal`: a line of coal by hand too, each month one invoice with quantity and heating value, but October's without a
    measured value. `meters` of the one unit; `step_wh` by which their registers grow; `modulus` where they roll over.
    """

    per_month: int = 3
    batch: int = 1
    meters: tuple[str, ...] = ("meter-1",)
    step_wh: int = 1_000
    modulus: int = 0
    start_register: int = 5_000
    by_interval: bool = False
    foreign_witness: bool = False
    anchors_a_month: int = 1
    lost: frozenset[int] = frozenset()
    coal: bool = False
    sign: Callable[[PrivateKey, bytes], bytes] = lambda private, message: private.sign(message)
    change_document: Callable[[int, dict[str, Any]], None] | None = None
    change_manual: Callable[[int, dict[str, Any]], None] | None = None
    change_rows: Callable[[list[Row]], None] | None = None
    change_manifest: Callable[[dict[str, Any]], None] | None = None
    change_statement: Callable[[MonthStatement], MonthStatement] | None = None

    # --- actors

    @property
    def gateway(self) -> PrivateKey:
        return key("ed25519", "gateway")

    @property
    def gateway_chain(self) -> PrivateKey:
        return key("es256k", "gateway")

    @property
    def clerk(self) -> PrivateKey:
        """The person who enters what no meter measures."""
        return key("ed25519", CLERK)

    def meter_key(self, meter: str) -> PrivateKey:
        return key("ed25519", meter)

    @staticmethod
    def device_salt(name: str) -> bytes:
        return hashlib.sha256(b"salt " + name.encode()).digest()[:16]

    @cached_property
    def vkeys(self) -> dict[str, VerifierKey]:
        """Verifier keys of the log and the witnesses."""
        witness, witness_chain = key("ed25519", "witness"), key("es256k", "witness")
        return {
            "log": VerifierKey(ORIGIN, ED25519, self.gateway.public),
            "log-chain": VerifierKey(ORIGIN, EIP712, self.gateway_chain.public),
            "witness": VerifierKey(WITNESS, COSIGNATURE, witness.public),
            "witness-chain": VerifierKey(WITNESS, EIP712, witness_chain.public),
            "foreign": VerifierKey(FOREIGN, COSIGNATURE, key("ed25519", "foreign witness").public),
        }

    # --- entries and leaves

    def signed(self, private: PrivateKey, kind: EvidenceType, body: bytes) -> bytes:
        """Evidence of one body under its own signature."""
        signature = self.sign(private, entry.READING_PREFIX + body)
        return Evidence(kind, private.public.short_id, signature).format()

    def by_gateway(self, kind: str, content: dict[str, Any], q: int, t: int) -> Row:
        """An entry that the gateway makes."""
        body = jcs.encode({"b": content, "d": GATEWAY, "k": kind, "n": _nonce(GATEWAY, q), "q": q, "t": t, "v": 1})
        return Row(
            body, self.signed(self.gateway, EvidenceType.GATEWAY, body), entry.NO_SALT, self.device_salt(GATEWAY)
        )

    @cached_property
    def rows(self) -> list[Row]:
        """All entries in the order of the log; fills `manifests` and `boundaries`."""
        self.manifests: dict[tuple[str, int], int] = {}
        self.boundaries: dict[tuple[str, int], int] = {}
        self.sums: dict[tuple[str, int], int] = {}
        self.month_ends: list[int] = []
        self.documents: dict[int, int] = {}
        self.manuals: dict[int, int] = {}
        rows: list[Row] = []
        gateway_q = 0
        start = month_bounds(YEAR, 1)[0]
        registers = dict.fromkeys(self.meters, self.start_register)
        sequence = dict.fromkeys(self.meters, 0)
        for name in (GATEWAY, *self.meters, *([CLERK] if self.coal else [])):
            public = self.public_of(name)
            content = {
                "algorithm": "ed25519",
                "key_id": public.key_id.hex(),
                "public": public.data.hex(),
                "subject": name,
                "supersedes": "",
            }
            rows.append(self.by_gateway("key", content, gateway_q, start - 60_000))
            gateway_q += 1
        for meter in self.meters:
            self.boundaries[meter, 0] = len(rows)
            rows += self._measured(meter, [self._body(meter, "commissioning", 0, registers[meter], start)])
        for month in range(1, 13):
            begin, end = month_bounds(YEAR, month)
            for meter in self.meters:
                opening = registers[meter]
                bodies, places, gaps = [], [], []
                for i in range(1, self.per_month + 1):
                    sequence[meter] += 1
                    registers[meter] += self.step_wh
                    if self.modulus:
                        registers[meter] %= self.modulus
                    if sequence[meter] in self.lost:
                        gaps.append([sequence[meter], sequence[meter]])
                        continue
                    time = begin + (end - begin) * i // self.per_month
                    bodies.append(self._body(meter, "reading", sequence[meter], registers[meter], time))
                    places.append(sequence[meter])
                first = len(rows)
                rows += self._measured(meter, bodies)
                for gap in gaps:
                    content = {"device": meter, "first": gap[0], "last": gap[1], "reason": "not received"}
                    rows.append(self.by_gateway("gap", content, gateway_q, end))
                    gateway_q += 1
                self.boundaries[meter, month] = first + len(bodies) - 1
                total = self.step_wh * self.per_month
                self.sums[meter, month] = total
                by_register = not self.by_interval
                manifest = {
                    "count": len(bodies),
                    "device": meter,
                    "end": end,
                    "first": places[0],
                    "flags": {"missing": len(gaps)} if gaps else {},
                    "from": first,
                    "gaps": gaps,
                    "last": places[-1],
                    "register_end": registers[meter] if by_register else None,
                    "register_start": opening if by_register else None,
                    "start": begin,
                    "sum": total,
                    "to": first + len(bodies) - 1,
                    "unit": "Wh",
                }
                if self.change_manifest is not None:
                    self.change_manifest(manifest)
                self.manifests[meter, month] = len(rows)
                rows.append(self.by_gateway("manifest", manifest, gateway_q, end + 1_000))
                gateway_q += 1
            if self.coal:
                rows += self._coal(month, len(rows), begin, end)
            self.month_ends.append(len(rows))
        if self.change_rows is not None:
            self.change_rows(rows)
        return rows

    def public_of(self, name: str) -> PublicKey:
        """The key of gateway, clerk or meter."""
        return self.gateway.public if name == GATEWAY else self.meter_key(name).public

    def coal_g(self, month: int) -> int:
        """Grams of coal in a month."""
        return month * 1_000_000_000

    def coal_ncv(self, month: int) -> str:
        """GJ/t of a month's coal."""
        return f"22.{month:02d}5"

    def _coal(self, month: int, first: int, begin: int, end: int) -> list[Row]:
        """A month's invoice and the value that it supports, by the clerk."""
        document: dict[str, Any] = {
            "digest": hashlib.sha256(b"invoice %d" % month).hexdigest(),
            "media_type": "application/pdf",
            "name": f"\u53d1\u7968 {month}.pdf",
            "number": f"INV-{month}",
            "purpose": "invoice",
            "size": 1000 + month,
        }
        if self.change_document is not None:
            self.change_document(month, document)
        ncv = {"ncv": {"unit": "kJ/g", "value": self.coal_ncv(month)}}
        manual: dict[str, Any] = {
            "documents": [first],
            "item": ITEM.hex(),
            "line": COAL,
            "month": month,
            "parameters": ncv if month != UNMEASURED_MONTH else {},
            "period": [begin, end],
            "quantity": self.coal_g(month),
            "reason": "invoice and stock count",
            "unit": "g",
            "year": YEAR,
        }
        if self.change_manual is not None:
            self.change_manual(month, manual)
        self.documents[month], self.manuals[month] = first, first + 1
        rows = []
        for place, (kind, content) in enumerate((("document", document), ("manual", manual))):
            q, t = 2 * (month - 1) + place, end + 2_000
            body = jcs.encode({"b": content, "d": CLERK, "k": kind, "n": _nonce(CLERK, q), "q": q, "t": t, "v": 1})
            signed = self.signed(self.clerk, EvidenceType.PERSON, body)
            rows.append(Row(body, signed, entry.NO_SALT, self.device_salt(CLERK)))
        return rows

    def _body(self, meter: str, kind: str, q: int, register: int, t: int) -> bytes:
        value: dict[str, Any] = {
            "d": meter,
            "k": kind,
            "n": _nonce(meter, q),
            "q": q,
            "s": 0,
            "t": t,
            "u": "Wh",
            "v": 1,
        }
        if self.by_interval and kind == "reading":
            value["x"] = self.step_wh
        else:
            value["r"] = register
        return jcs.encode(value)

    def _measured(self, meter: str, bodies: list[bytes]) -> list[Row]:
        private, salt = self.meter_key(meter), self.device_salt(meter)
        if self.batch == 1 or len(bodies) == 1:
            return [Row(b, self.signed(private, EvidenceType.SINGLE, b), entry.NO_SALT, salt) for b in bodies]
        rows = []
        runs: list[list[bytes]] = []
        for body in bodies:  # an envelope holds consecutive sequence numbers
            sequence = jcs.decode(body)["q"]
            if not runs or len(runs[-1]) == self.batch or jcs.decode(runs[-1][-1])["q"] != sequence - 1:
                runs.append([])
            runs[-1].append(body)
        for part in runs:
            leaves = [merkle.leaf_hash(body) for body in part]
            first = jcs.decode(part[0])["q"]
            message = entry.batch_message(meter, first, len(part), merkle.root(leaves))
            signature = self.sign(private, message)
            for position, body in enumerate(part):
                path = tuple(merkle.inclusion_proof(leaves, position, len(part)))
                evidence = Evidence(
                    EvidenceType.BATCH, private.public.short_id, signature, first, len(part), position, path
                )
                rows.append(Row(body, evidence.format(), entry.NO_SALT, salt))
        return rows

    @cached_property
    def leaves(self) -> list[bytes]:
        """The log's entries."""
        previous: dict[str, str] = {}
        leaves = []
        for row in self.rows:
            body = entry.Body.parse(row.body)
            values: dict[str, Any] = {
                "commitment_hex": entry.commitment(row.body, row.evidence, row.salt).hex(),
                "pseudonym_hex": entry.pseudonym(row.device_salt, body.signer),
                "intake_ms": body.time_ms + 500,
                "kind": body.kind,
                "previous": previous.get(body.signer, entry.FIRST_PREVIOUS),
                "sequence": body.sequence,
                "algorithm": row.algorithm,
                "time_ms": body.time_ms,
            }
            values |= row.leaf_changes
            previous[body.signer] = values["commitment_hex"]
            leaves.append(entry.leaf_bytes(**values))
        return leaves

    @cached_property
    def leaf_hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(leaf) for leaf in self.leaves]

    @property
    def size(self) -> int:
        return len(self.leaves)

    # --- checkpoints

    @cached_property
    def anchor_sizes(self) -> list[int]:
        """Sizes that were anchored."""
        sizes: set[int] = set()
        before = 0
        _ = self.rows
        for size in self.month_ends:
            step = max(1, (size - before) // self.anchors_a_month)
            sizes |= set(range(before + step, size, step))
            sizes.add(size)
            before = size
        return sorted(sizes)

    def anchor_time(self, size: int) -> int:
        """When a size was anchored, in s."""
        times = [entry.Body.parse(row.body).time_ms for row in self.rows[max(0, size - 2) : size]]
        return max(times) // 1000 + 3600

    @cached_property
    def roots(self) -> dict[int, bytes]:
        """Root at each anchored size."""
        edge, found = merkle.Frontier(), {}
        for size in self.anchor_sizes:
            edge.extend(self.leaf_hashes[edge.size : size])
            found[size] = edge.root()
        return found

    def note(self, size: int) -> bytes:
        """The checkpoint of a size with all lines."""
        head = Checkpoint(ORIGIN, size, self.roots[size])
        domain, body = Domain(CHAIN_ID), head.body()
        lines = [
            checkpoint.sign_ed25519_line(self.gateway, ORIGIN, body),
            _chain_line(self.gateway_chain, ORIGIN, domain, head),
        ]
        if self.foreign_witness:
            lines.append(cosignature.sign(key("ed25519", "foreign witness"), FOREIGN, body, 1_767_300_000))
        lines.append(cosignature.sign(key("ed25519", "witness"), WITNESS, body, 1_767_300_000))
        lines.append(_chain_line(key("es256k", "witness"), WITNESS, domain, head))
        return Note(body, tuple(lines)).format()

    # --- months and result

    @cached_property
    def months(self) -> list[tuple[bytes, MonthStatement]]:
        """Salt and statement of each month."""
        found = []
        _ = self.rows
        for month, size in enumerate(self.month_ends, 1):
            quantity = sum(self.sums[meter, month] for meter in self.meters)
            statement = MonthStatement(
                ENTERPRISE,
                YEAR,
                month,
                (MonthLine("electricity-purchased", ITEM, quantity), *self._coal_lines(month)),
                tuple(sorted(self.manifests[meter, month] for meter in self.meters)),
                ORIGIN,
                size,
                self.roots[size],
                (self.manuals[month],) if self.coal else (),
            )
            if self.change_statement is not None:
                statement = self.change_statement(statement)
            found.append((hashlib.sha256(b"month %d" % month).digest()[:16], statement))
        return found

    def _coal_lines(self, month: int) -> list[MonthLine]:
        if not self.coal:
            return []
        item = ITEM if month == UNMEASURED_MONTH else month_item(ITEM, YEAR, month)
        return [MonthLine(COAL, item, self.coal_g(month))]

    @cached_property
    def statement(self) -> Statement:
        """The result by the same code as the command's."""
        lines: list[dict[str, Any]] = []
        for number, (_, statement) in enumerate(self.months, 1):
            for stated in statement.lines:
                if stated.code == COAL:
                    measured = {"tier": "measured", "unit": "GJ/t", "value": self.coal_ncv(number)}
                    chosen = {
                        "ncv": {"factor": "bituminous/ncv"} if number == UNMEASURED_MONTH else measured,
                        "cc": {"factor": "bituminous/cc"},
                        "of": {"factor": "bituminous/of"},
                    }
                    quantity = {"unit": "g", "value": str(stated.quantity)}
                    lines.append({"code": COAL, "item": stated.item.hex(), "quantity": quantity, "parameters": chosen})
        total = sum(x.quantity for _, month in self.months for x in month.lines if x.code != COAL)
        line = {"code": "electricity-purchased", "item": ITEM.hex(), "quantity": {"unit": "Wh", "value": str(total)}}
        document = {"lines": [line, *lines], "rule_set": "gbt32150-2015", "year": YEAR}
        return calculate(jcs.encode(document), library.rule_sets(), library.factors())

    @property
    def factors_used(self) -> set[bytes]:
        """Ids of the factors that the lines name."""
        lines = self.statement.chain_lines
        return {word for line in lines for i, word in enumerate(line.parameters) if line.tier(i) == 0 and any(word)}


def _chain_line(private: PrivateKey, name: str, domain: Domain, head: Checkpoint) -> Any:
    return checkpoint.sign_eip712_line(private.seed, private.public.data, name, domain, head)


def _nonce(name: str, q: int) -> str:
    return hashlib.sha256(b"nonce %s %d" % (name.encode(), q)).hexdigest()[:32]
