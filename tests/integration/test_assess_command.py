"""A quarter assessed on a real chain: filed, followed into SQL, explained, drawn by lot, inspected, assessed again."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from carbonledger import acts, jcs
from carbonledger.accounting.inputs import MalformedInput
from carbonledger.acts import Act
from carbonledger.assessment import filing, on_chain
from carbonledger.assessment.filing import STATES
from carbonledger.bundle.assessment import AssessmentBundle
from carbonledger.eip712 import Domain
from carbonledger.errors import Refused
from carbonledger.identifiers import object_id
from carbonledger.records import ZERO32, assessment_id
from carbonledger.verify import verify
from ledger_node import config
from ledger_node.assessment.carrier import ACT_LIFETIME_S, OutboxCarrier
from ledger_node.chain.bindings import structs
from ledger_node.chain.calls import carry
from ledger_node.chain.outbox import Outbox
from ledger_node.commands import draw
from ledger_node.commands.assess import Wanted, assess
from ledger_node.commands.assessing import Assessing
from ledger_node.commands.deploy import policy_of
from ledger_node.config import Settings
from ledger_node.db.engine import open_database
from ledger_node.db.schema import artefact, record
from ledger_node.db.view import View
from ledger_node.jobs.queue import LEASE_S
from ledger_node.queries import assessment, records
from ledger_node.queries.assessment_jobs import Asked
from tests.contracts.conftest import form_digest
from tests.integration import ledger_kit
from tests.integration.ledger_kit import REGULATORS, Ledger, address
from tests.support import databases
from tests.support.codes import CODE_RULES, SCHEMES
from tests.support.quota import FORM, NOBODY
from tests.support.twin import Case, compare

PERIOD = 4 * 2025 + 2  # 2025Q3
AS_OF = date(2025, 11, 5)
TIME = on_chain.start_of(AS_OF) + 36_000
PAYER = b"\x0a" * 32
FIRM, RIVAL = "firm", "rival"
REGULATOR, REGULATOR_KEY = REGULATORS[0]
SECOND, SECOND_KEY = REGULATORS[1]


class Consortium(Ledger):
    """The contracts with two firms and a bank, and the sets that the quorum published."""

    @property
    def domain(self) -> Domain:
        return Domain(self.chain.chain_id)

    def do(self, type_name: str, *before: Any, signers: list[bytes], quorum: bool = False, **values: Any) -> Act:
        values = {"reference": object_id(f"{type_name} {len(values)} {sorted(values)} {before!r}")} | values
        act = Act(type_name, deadline=TIME + 10**9, **values)
        signed: list[Any] = [acts.sign(act, self.domain, key) if key else NOBODY for key in signers]
        more = [signed] if quorum else signed
        to, data = carry(self.deployment.addresses, act, *before, *more)
        self.send(to, data)
        return act

    def take_in(self, name: str, kinds: int) -> None:
        key = object_id(name)
        act = Act(
            "Admission", member=object_id(name), kinds=kinds, province=bytes(32), key=address(key),
            nameDigest=bytes(32), reference=object_id("admission of " + name), deadline=TIME + 10**9,
        )  # fmt: skip
        signed = [acts.sign(act, self.domain, secret) for _, secret in REGULATORS[:2]]
        self.send(*carry(self.deployment.addresses, act, acts.sign(act, self.domain, key), signed))

    def prepare(self) -> None:
        quorum = [key for _, key in REGULATORS[:2]]
        for name, kinds in ((FIRM, 2), (RIVAL, 2), ("bank", 16)):
            self.take_in(name, kinds)
        self.do(
            "RuleSetPublication", b"{}", FORM, signers=quorum, quorum=True,
            ruleSetId=hashlib.sha256(b"{}").digest(), formDigest=form_digest(FORM),
        )  # fmt: skip
        for one in (CODE_RULES, SCHEMES["gcg-1"]):
            form = structs.AssessmentForm.from_abi(on_chain.form(one))
            self.do(
                "AssessmentPublication", one.json(), form, signers=quorum, quorum=True, setId=one.id,
                formDigest=on_chain.form_digest(one), reference=one.id,
            )  # fmt: skip


@pytest.fixture
def consortium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(ledger_kit, "TIME", TIME)
    with Consortium(tmp_path / "chain") as made:
        made.prepare()
        yield made


def sections(path: Path) -> Path:
    rows = []
    for name, emission in ((FIRM, "900"), (RIVAL, "100")):
        for period in range(PERIOD - 7, PERIOD + 1):
            figures = {"industry": "2511", "emission": emission, "value_added": "100", "output": "10"}
            at = {"year": period // 4, "quarter": period % 4 + 1}
            rows.append({"member": object_id(name).hex(), "period": at, "section": "figures", "content": figures})
        fresh = {"section": "series", "content": [{"name": "e", "interval": "month", "values": ["16500"] * 3}]}
        rows.append({"member": object_id(name).hex(), "period": {"year": 2025, "quarter": 3}} | fresh)
    wrong = {"section": "totals", "content": [{"name": "e", "reported": "1", "recomputed": "2"}]}
    rows.append({"member": object_id(FIRM).hex(), "period": {"year": 2025, "quarter": 3}} | wrong)
    path.write_text(json.dumps([row | {"source": "statistics bureau"} for row in rows]))
    return path


def artefacts_of(connection: Connection, kind: str) -> list[bytes]:
    query = select(artefact.c.content).where(artefact.c.kind == kind).order_by(artefact.c.subject)
    return [bytes(content) for content in connection.execute(query).scalars()]


def forgeries(bundle: bytes, kind: str) -> list[tuple[int, bytes]]:
    """(step that must find it, bundle): each changes one thing that a forger would."""
    value = json.loads(bundle)

    def changed(step: int, *path: Any, to: Any) -> tuple[int, bytes]:
        copy = json.loads(bundle)
        at = copy
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = to
        return step, jcs.encode(copy)

    number = next(i for i, r in enumerate(value["chain"]["records"]) if r[0] in ("assessment", "grade"))
    found = [
        changed(16, "salt", to="11" * 16),
        changed(16, "inputs", "subject", "id", to="22" * 32),
        changed(16, "set", "version", to="2"),
        changed(16, "statistics", 0, 0, "n", to=99),
        changed(16, "chain", "records", number, 5, to=9),
        changed(8, "chain", "contracts", "Directory", to="33" * 20),
        changed(1, "v", to=2),
        changed(1, "more", to=1),
    ]
    if kind == "code":
        found.append(changed(16, "inputs", "resubmissions", to=7))
    else:
        found.append(changed(16, "inputs", "inputs", "data_quality", to="1"))
    return found


class Journal:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **values: object) -> None:
        self.lines.append((event, values))

    warning = info


def assessed_in_the_queue(settings: Settings, consortium: Consortium, view: View) -> str | None:
    """By a node that is killed after each step but the last: another one goes on when the lease is over."""
    now = [TIME]
    asked = Asked("2025Q3", AS_OF.isoformat(), "code-1", ("gcg-1",), False, "a regulator")
    job = view.ask(asked, TIME)
    assert view.ask(asked, TIME) == job  # one is enough while it is open
    assert settings.assessor is not None
    journal = Journal()
    told: dict[str, Any] = {"database": settings.database, "view": view, "chain": consortium.chain}
    told |= {"directory": settings.chain.address, "clock": lambda: now[0], "journal": journal}
    seen = []
    while True:
        node = Assessing(settings.assessor, **told)
        try:
            assert node.step(), journal.lines
            (standing,) = view.assessments("2025Q3")
            seen.append(standing.stage)
            if standing.state == "done":
                break
            assert standing.state == "running"
        finally:
            node.close()
        now[0] += LEASE_S + 1
    assert [stage for stage, _ in groupby(seen)] == [
        *("publish", "codes", "file-codes", "grades", "file-grades", "done"),
    ]
    assert standing.made == {"code": 2, "grade": 2}
    assert view.ask(asked, TIME) != job  # it is over: asked for anew
    return standing.run


def test_a_quarter_on_a_chain_from_sections_to_an_inspection(consortium: Consortium, tmp_path: Path) -> None:
    database = databases.url(tmp_path / "view.db")
    view = View(database)
    outbox = Outbox(tmp_path / "outbox.db", consortium.chain, PAYER, clock=lambda: TIME)
    said: list[str] = []
    told = {"chain": consortium.chain, "view": view, "database": database, "outbox": outbox, "say": said.append}
    told |= {"directory": consortium.deployment.directory, "clock": lambda: TIME}
    wanted = Wanted(PERIOD, AS_OF, "code-1", ("gcg-1",), (sections(tmp_path / "given.json"),), bundles=True)
    try:
        with pytest.raises(Refused, match="nobody's key"):
            assess(wanted, key=b"\x55" * 32, **told)
        assert assess(wanted, key=REGULATOR_KEY, **told) == "2025Q3/1"
        assert [line.rpartition(" ")[2] for line in said[1:]] == [
            *("statistics", "publish", "codes", "file-codes", "grades", "file-grades", "done", "bundles"),
        ]
        engine = open_database(database)
        with engine.connect() as connection:
            # admitted after the quarter, the rival had nothing to file: it is not red for its silence
            rival = assessment.code(connection, object_id(RIVAL).hex())
            assert rival is not None
            assert STATES[int(rival["state"]) - 1] == "grey"
            code = assessment.code(connection, object_id(FIRM).hex())
            assert code is not None
            assert STATES[int(code["state"]) - 1] == "opened"
            case = records.one(connection, "inspection", str(code["caseId"]))
            assert case is not None
            assert filing.reasons_of(int(case["reasons"])) == ("H04",)
            (grade,) = assessment.grades(connection, object_id(FIRM).hex())
            assert grade["schemeId"] == SCHEMES["gcg-1"].id.hex()
            assert {
                s["digest"]
                for s in [records.kept(r) for r in connection.execute(records.rows(record.c.kind == "statistics"))]
            }
            bundles = {kind: artefacts_of(connection, kind) for kind in ("code", "grade")}
        policy = policy_of(consortium.chain, consortium.deployment.directory)
        judged: list[Case] = [(bundle, policy) for found in bundles.values() for bundle in found]
        for kind, found in bundles.items():
            assert len(found) == 2
            for bundle in found:
                answer = verify(bundle, policy)
                assert answer.verdict == "VALID", (kind, answer.to_json())
                assert AssessmentBundle.parse(bundle).format() == bundle
                assert verify(bundle).verdict == "INDETERMINATE"  # nobody is trusted
                for step, forged in forgeries(bundle, kind):
                    assert verify(forged, policy).step(step).verdict == "invalid", (kind, step)
                    judged.append((forged, policy))
        assert compare(judged).count("VALID") == 4  # the page says of each what the command says
        # the firm explains, the lot is drawn: the one bank inspects and finds an error
        identifier = assessment_id(object_id(FIRM), ZERO32, 2025, 3, 1)
        consortium.do(
            "Explanation", signers=[object_id(FIRM)], caseId=identifier, member=object_id(FIRM), digest=bytes(32)
        )
        settings = config.located(
            config.parse(
                f'database = "{database}"\n[chain]\nurl = "embedded:"\n'
                f'directory = "{consortium.deployment.directory.hex()}"\n'
                '[assessor]\nkey = "act.key"\nsender_key = "payer.key"'
            ),
            tmp_path,
        )
        with pytest.raises(Refused, match="did not commit"):
            draw.draw(settings, consortium.chain, view, identifier, SECOND_KEY, None)
        consortium.take_in("a bank that came later", 16)  # is no candidate of this lot
        shown = draw.draw(settings, consortium.chain, view, identifier, REGULATOR_KEY, None)
        assert shown["inspector"] is None
        assert shown["candidates"] == [object_id("bank").hex()]
        assert filing.lot(bytes.fromhex(shown["secret"])).hex() == shown["lot"] == case["lot"]
        for _ in range(2):  # the second time nothing is sent
            drawn = draw.draw(settings, consortium.chain, view, identifier, REGULATOR_KEY, PAYER)
            assert drawn == shown | {"inspector": object_id("bank").hex()}
        consortium.do(
            "Finding", signers=[object_id("bank"), b""], caseId=identifier, inspector=object_id("bank"), outcome=1,
            digest=bytes(32), second=bytes(32),
        )  # fmt: skip
        view.catch_up(consortium.chain, consortium.deployment.directory)
        with engine.connect() as connection:
            code = assessment.code(connection, object_id(FIRM).hex())
            assert code is not None
            assert STATES[int(code["state"]) - 1] == "rectifying"
        # the same order again, by the queue, is a second run; the code stays in its course
        for name, key in (("act.key", REGULATOR_KEY), ("payer.key", PAYER)):
            (tmp_path / name).write_text(key.hex())
            (tmp_path / name).chmod(0o600)
        assert assessed_in_the_queue(settings, consortium, view) == "2025Q3/2"
        with engine.connect() as connection:
            code = assessment.code(connection, object_id(FIRM).hex())
            assert code is not None
            assert (STATES[int(code["state"]) - 1], int(code["redQuarters"])) == ("rectifying", 1)
            history = assessment.assessments(connection, object_id(FIRM).hex())
            assert [int(one["revision"]) for one in history] == [1, 2]
        # a set that divides by nothing, put on the chain past every tool: nobody assesses under its key
        value = jcs.decode_object(CODE_RULES.json())
        at = next(number for number, rule in enumerate(value["rules"]) if rule["check"] == "last-digits")
        value["rules"][at]["parameters"][0]["value"] = "0"
        raw, form = jcs.encode(value), structs.AssessmentForm.from_abi(on_chain.form(CODE_RULES))
        consortium.do(
            "AssessmentPublication", raw, form, signers=[key for _, key in REGULATORS[:2]], quorum=True,
            setId=hashlib.sha256(raw).digest(), formDigest=on_chain.form_digest(CODE_RULES),
        )  # fmt: skip
        told["clock"] = lambda: TIME + 1
        with pytest.raises(MalformedInput, match="least of check last-digits; expected a whole number from 1"):
            assess(wanted, key=REGULATOR_KEY, **told)
        engine.dispose()
    finally:
        outbox.close()
        view.close()


def test_an_act_is_not_over_before_the_next_block_where_the_chain_stood_still(
    consortium: Consortium, tmp_path: Path
) -> None:
    view, later = View(databases.url(tmp_path / "view.db")), TIME + 2 * ACT_LIFETIME_S
    outbox = Outbox(tmp_path / "outbox.db", consortium.chain, PAYER, clock=lambda: later)
    addresses, directory = consortium.deployment.addresses, consortium.deployment.directory
    made: list[int] = []

    def statement(deadline: int) -> Act:
        made.append(deadline)
        named = {"reference": object_id("r"), "industry": bytes(32), "digest": bytes(32)}
        numbers = {"level": 1, "year": 2025, "quarter": 3, "revision": 1, "peers": 1}
        return Act("PeerStatement", assessor=REGULATOR, deadline=deadline, **named, **numbers)

    try:
        for clock, expected in ((lambda: later, later), (lambda: 0, consortium.chain.head().timestamp)):
            carrier = OutboxCarrier(consortium.chain, outbox, view, directory, addresses, REGULATOR_KEY, clock)
            carrier.carry(statement)
            assert made[-1] == expected + ACT_LIFETIME_S
    finally:
        outbox.close()
        view.close()
