"""The verifier in the browser agrees with the command: on verdict and steps, and on the words of what holds."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import library
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.bundle.assessment import Statement
from carbonledger.errors import CarbonLedgerError
from carbonledger.handed import verify_handed
from carbonledger.identifiers import object_id
from carbonledger.policy import Policy, WitnessPolicy
from carbonledger.records import Record
from tests.e2e.browser_kit import chromium, served
from tests.support.actors import REGULATOR, VERIFIER, key
from tests.support.assessed import AssessedWorld, example
from tests.support.mutations import mutated, one_byte
from tests.support.units import CANCELLED, CARRIED, UnitsWorld
from tests.support.world import World
from tests.support.year_records import changed

Case = tuple[bytes, Policy | None]
Records = dict[tuple[str, bytes], Record]

RUN = """async (cases) => {
  const { verify } = await import("/static/verify/verify.js");
  const { policyOfText } = await import("/static/verify/policy.js");
  const codeHashes = JSON.parse(document.getElementById("code-hashes").textContent);
  const answers = [];
  for (const { bundle, policy } of cases) {
    const bytes = Uint8Array.from(atob(bundle), (c) => c.charCodeAt(0));
    answers.push(await verify(bytes, policy === null ? null : await policyOfText(policy), codeHashes));
  }
  return answers;
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium() as browser, served(tmp_path_factory.mktemp("verify"), public=True) as (url, _):
        opened = browser.new_page()
        opened.goto(f"{url}/verify?lang=en")
        yield opened


def in_browser(page: Page, cases: list[Case]) -> list[dict[str, Any]]:
    """The answers of the browser."""
    sent = [
        {"bundle": base64.b64encode(data).decode(), "policy": None if policy is None else policy.format()}
        for data, policy in cases
    ]
    answers: list[dict[str, Any]] = []
    for at in range(0, len(sent), 50):
        answers += page.evaluate(RUN, sent[at : at + 50])
    return answers


def compare(page: Page, cases: list[Case]) -> list[str]:
    """The verdicts, after every case was found to be judged alike."""
    verdicts = []
    for (data, policy), found in zip(cases, in_browser(page, cases), strict=True):
        wanted = verify_handed(data, policy).to_json()
        states = [(step["number"], step["name"], step["verdict"]) for step in wanted["steps"]]
        assert [(s["number"], s["name"], s["verdict"]) for s in found["steps"]] == states, (wanted, found)
        assert (found["verdict"], found["subject"]) == (wanted["verdict"], wanted["subject"])
        for theirs, ours in zip(found["steps"], wanted["steps"], strict=True):
            if ours["verdict"] in ("valid", "not applicable"):
                assert theirs["reason"] == ours["reason"]
        verdicts.append(wanted["verdict"])
    return verdicts


SCALES: dict[int, dict[str, Any]] = {
    2: {"quantity": 1_600_000_000, "meter": {"case": "not-calibrated", "data": "activity", "required": "0.25"}},
    3: {
        "quantity": 2_520_000_000,
        "meter": {
            "calibrated": "0.35", "case": "late", "covered": 1_000_000_000, "data": "activity", "required": "0.25",
        },
    },
}  # fmt: skip
"""What a badly calibrated scale showed, where the month's statement has 2,000 t and 3,000 t."""

HONEST = [
    World(),
    World(batch=3),
    World(meters=("meter-1", "meter-2")),
    World(foreign_witness=True),
    World(lost=frozenset({5, 8, 10})),
    World(modulus=20_000, start_register=15_500),
    World(engine="qbft"),
    World(coal=True),
    World(coal=True, change_document=lambda month, b: b.update(number="one", purpose="lab-report")),
    World(coal=True, change_manual=lambda month, b: b.update(SCALES.get(month, {}))),
]


def test_honest_bundles_are_valid_with_the_same_words(page: Page) -> None:
    cases: list[Case] = []
    for world in HONEST:
        cases += [(world.reading_bundle(), world.policy), (world.report_bundle(), world.policy)]
    assert set(compare(page, cases)) == {"VALID"}


def test_without_trust_the_same_steps_are_undecided(page: Page) -> None:
    world = World(foreign_witness=True)
    policies = [
        None,
        replace(world.policy, chain=None),
        replace(world.policy, logs=()),
        replace(world.policy, witnesses=None),
        replace(world.policy, regulators=None),
        replace(world.policy, chain=None, logs=()),
    ]
    bundles = (world.reading_bundle(), world.report_bundle(), world.reading_bundle(with_chain=False))
    cases: list[Case] = [(data, policy) for data in bundles for policy in policies]
    assert "VALID" in compare(page, cases)  # a reading needs no regulator


def of_records(kind: str, identifier: bytes | None = None, **values: Any) -> World:
    """A world in which one record says something else, or all of its kind do."""

    def change(records: Records) -> None:
        for found in [of for k, of in records if k == kind and identifier in (None, of)]:
            changed(records, kind, found, **values)

    return World(change_record=change)


def test_worlds_in_which_something_is_wrong_fail_at_the_same_steps(page: Page) -> None:
    meter, witness = World().meter_key("meter-1").public.key_id, World().vkeys["witness"].key.key_id
    worlds = [
        World(seal_key=key("es256k", "stranger")),
        World(by_interval=True),
        World(change_manifest=lambda manifest: manifest.update(sum=manifest["sum"] + 1)),
        World(change_manifest=lambda manifest: manifest.update(flags={"backward_register": 1})),
        World(change_manifest=lambda manifest: manifest.update(flags={"stuck": 2, "missing": 1})),
        World(change_statement=lambda statement: replace(statement, year=2024)),
        World(change_statement=lambda statement: replace(statement, manifests=())),
        of_records("log", status=2),
        of_records("log", member=VERIFIER),
        of_records("log", root=bytes(32)),
        of_records("key", meter, validTo=1_700_000_000),
        of_records("key", meter, compromisedSince=1_700_000_000),
        of_records("key", meter, algorithm=2),
        of_records("key", witness, validTo=1_700_000_000),
        of_records("key", witness, purpose=4),
        of_records("device", object_id("meter-1"), saltDigest=bytes(32)),
        of_records("device", object_id("meter-1"), measure=2),
        of_records("device", object_id("meter-1"), removedAt=1_740_000_000),
        of_records("device", object_id("meter-1"), modulus=6_000),
        of_records("unit", count=2),
        of_records("units", chain=bytes(32)),
        of_records("ruleset", yearTo=2024),
        of_records("ruleset", formDigest=bytes(32)),
        of_records("factor", value=1),
        of_records("factor", evidence=4),
        of_records("report", emission=1),
        of_records("report", status=2),
        of_records("report", regulator=VERIFIER),
        of_records("report", filedAt=0),
        of_records("report", late=True),
        of_records("report", logSize=3),
        of_records("governance", threshold=0),
        of_records("member", REGULATOR, status=2),
        of_records("member", VERIFIER, kinds=4),
        of_records("current", reportId=bytes(32)),
    ]
    cases: list[Case] = []
    for world in worlds:
        cases += [(world.reading_bundle(), world.policy), (world.report_bundle(), world.policy)]
    assert {"VALID", "INVALID", "INDETERMINATE"} <= set(compare(page, cases))


def test_a_policy_that_asks_for_more_or_trusts_others_fails_at_the_same_steps(page: Page) -> None:
    world = World(foreign_witness=True)
    policy = world.policy
    assert policy.chain is not None
    assert policy.witnesses is not None
    policies = [
        replace(policy, chain=replace(policy.chain, genesis=bytes(32))),
        replace(policy, chain=replace(policy.chain, directory=bytes(20))),
        replace(policy, chain=replace(policy.chain, id=1)),
        replace(policy, chain=replace(policy.chain, engine="anvil")),
        replace(policy, chain=replace(policy.chain, operator=bytes(20))),
        replace(policy, witnesses=WitnessPolicy(1, policy.witnesses.keys[:1])),
        replace(policy, witnesses=WitnessPolicy(0, ())),
        replace(policy, regulators=frozenset({VERIFIER})),
        replace(policy, regulators=frozenset()),
    ]
    assert "INVALID" in compare(page, [(world.report_bundle(), policy) for policy in policies])


def test_bundles_with_one_change_are_judged_alike(page: Page) -> None:
    rng = random.Random(20250601)
    cases: list[Case] = []
    for world in (HONEST[0], HONEST[2], HONEST[3], HONEST[6]):
        for data in (world.reading_bundle(), world.report_bundle()):
            value = json.loads(data)
            for _ in range(25):
                top = rng.choice(["chain", "entries", "log", "report", "kind"])
                part = {top: value[top]}
                try:
                    cases.append((jcs.encode(value | mutated(part, rng)), world.policy))
                except CarbonLedgerError:
                    continue
    assert len(cases) > 180
    assert compare(page, cases).count("INVALID") > 150


def test_bytes_with_one_change_are_judged_alike_and_never_valid(page: Page) -> None:
    rng = random.Random(7)
    world = World()
    cases: list[Case] = []
    for data in (world.reading_bundle(), world.report_bundle()):
        for _ in range(60):
            raw, at = bytearray(data), rng.randrange(len(data))
            change = rng.randrange(4)
            if change == 0:
                raw[at] ^= 1 << rng.randrange(8)
            elif change == 1:
                del raw[at]
            elif change == 2:
                raw.insert(at, rng.randrange(256))
            else:
                del raw[at:]
            cases.append((bytes(raw), world.policy))
    assert "VALID" not in compare(page, [case for case in cases if case[0] not in (cases[0][0],)] + cases[:1])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"{}",
        b"\xef\xbb\xbf{}",
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":-0}',
        b'{"a":1e3}',
        b'{"a":9007199254740991}',
        b'{"a":9007199254740992}',
        b'{"a":9007199254740993}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\u00e9"}',
        '{"a":"é\u2028\x7f"}'.encode(),
        b'{"a":"\\u000b\\b\\f"}',
        b'{"a":"\\u000B"}',
        b'{"a":"\\/"}',
        b'{"b":1,"a":2}',
        b'{"a":1}\n',
        b'{ "a":1}',
        '{"é":1}'.encode(),
        b'{"__proto__":1}',
        b'{"1":1,"10":2,"2":3}',
        b"\xff",
        b"[" * 64 + b"]" * 64,
        b"[" * 65 + b"]" * 65,
        b'{"a":"[[[[[["}',
        b"[NaN]",
        b"[1,]",
        b'"' + b"x" * 10 + b'"',
    ],
)
def test_canonical_json_is_the_same_in_both(page: Page, raw: bytes) -> None:
    script = """async (text) => {
      const { decode, encode } = await import("/static/verify/jcs.js");
      const { Malformed } = await import("/static/verify/errors.js");
      try { return { text: encode(decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))) }; }
      catch (error) { if (error instanceof Malformed) return { malformed: error.message }; throw error; }
    }"""
    found = page.evaluate(script, base64.b64encode(raw).decode())
    try:
        wanted = jcs.decode(raw)
    except CarbonLedgerError:
        assert "malformed" in found, found
    else:
        assert found == {"text": jcs.encode(wanted).decode()}


GOOD = World().policy.format()


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "# whom I trust\n" + GOOD.replace("quorum = 1", "quorum = 1 # one"),
        GOOD.replace("[witnesses]", "[ witnesses ]"),
        GOOD.replace('"embedded"', "'embedded'"),
        GOOD.replace('", "', '",\n  # next\n  "'),
        "version = 1\n",
        "",
        "version = 2\n",
        "version = 1\nversion = 1\n",
        GOOD + "\n[chain]\n",
        GOOD.replace("quorum = 1", "quorum = 2"),
        GOOD.replace("quorum = 1", "quorum = -1"),
        GOOD.replace("quorum = 1", "quorum = 1.0"),
        GOOD.replace("quorum = 1", 'quorum = "1"'),
        GOOD.replace("id = 9732", "id = 0"),
        GOOD.replace("id = 9732", "id = 09732"),
        GOOD.replace('engine = "embedded"', 'engine = "qbft"'),
        GOOD.replace('engine = "embedded"', 'engine = "odd"'),
        GOOD.replace("operator", "operators"),
        GOOD.replace("[regulator]", "[regulators]"),
        GOOD.replace("witness.example/w1+", "gateway.example/readings+"),
        GOOD.replace('members = ["', 'members = ["00'),
        GOOD.replace("[[log]]", "[log]"),
        GOOD + "nonsense\n",
        GOOD.replace('"embedded"', '"embedded'),
        "\x00",
        "[" * 100,
    ],
)
def test_policies_are_taken_and_refused_alike(page: Page, text: str) -> None:
    script = """async (text) => {
      const { policyOfText } = await import("/static/verify/policy.js");
      const { LedgerError } = await import("/static/verify/errors.js");
      try { await policyOfText(text); return null; }
      catch (error) { if (error instanceof LedgerError) return error.message; throw error; }
    }"""
    try:
        Policy.parse(text.encode())
        refused = False
    except CarbonLedgerError:
        refused = True
    found = page.evaluate(script, text)
    assert (found is not None) == refused, found


def test_manual_entries_and_documents_are_judged_alike(page: Page) -> None:
    def by_hand(values: dict[str, Any]) -> World:
        return World(coal=True, change_manual=lambda m, b: b.update(values) if m == 3 else None)

    ncv = {"unit": "kJ/g", "value": "22.035"}
    bodies: list[dict[str, Any]] = [
        {"quantity": 1},
        {"quantity": 3_000_000_001},
        {"month": 4},
        {"year": 2024},
        {"line": "fuel-carbon-mass"},
        {"unit": "L"},
        {"unit": "t"},
        {"parameters": {}},
        {"parameters": {"ncv": ncv | {"value": "22.036"}}},
        {"parameters": {"ncv": ncv | {"value": "22.0350"}}},
        {"parameters": {"ncv": ncv | {"unit": "GJ/t"}}},
        {"parameters": {"ncv": ncv | {"weight": 5}}},
        {"parameters": {"of": ncv}},
        {"documents": [0]},
        {"documents": []},
        {"period": [5, 5]},
        {"reason": ""},
        {"reason": "\U0001d53d" * 1000},
        {"replaces": 3},
        {"unknown": 1},
    ]
    worlds = [by_hand(body) for body in bodies]
    documents: list[dict[str, Any]] = [
        {"purpose": "gift"},
        {"issued": "2025-02-30"},
        {"purpose": "lab-report", "sampled": "2025-04-19", "issued": "2025-05-30"},
        {"name": "a\nb"},
        {"digest": "ab"},
    ]
    worlds += [World(coal=True, change_document=lambda m, b, c=c: b.update(c) if m == 4 else None) for c in documents]
    verdicts = compare(page, [(world.report_bundle(), world.policy) for world in worlds])
    assert {"VALID", "INVALID", "INDETERMINATE"} == set(verdicts)


def test_certificates_codes_and_grades_are_judged_alike_in_the_browser(page: Page) -> None:
    units = UnitsWorld()
    (rules,) = library.code_rules()
    code = example("code", "code-1")
    peers = Statement(PeerStatistics.parse(Node(code["peers"]["statistics"])), 1)
    filed = AssessedWorld("code", code, rules, (peers,))
    scheme = next(one for one in library.schemes() if one.head.key == "c4-1")
    graded = AssessedWorld("grade", example("grade", scheme.head.key), scheme)
    cases: list[Case] = [
        (units.certificate("title", CARRIED), units.policy),
        (units.certificate("retirement", CANCELLED), units.policy),
        (filed.bundle(), filed.policy),
        (graded.bundle(), graded.policy),
    ]
    assert set(compare(page, cases)) == {"VALID"}
    rng = random.Random(9)
    broken: list[Case] = [(one_byte(data, rng), policy) for data, policy in cases for _ in range(6)]
    assert "VALID" not in compare(page, broken)


def test_a_dropped_certificate_is_told_in_the_readers_language(page: Page, tmp_path: Path) -> None:
    world = UnitsWorld()
    file, policy = tmp_path / "title.json", tmp_path / "policy.toml"
    file.write_bytes(world.certificate("title", CARRIED))
    policy.write_text(world.policy.format(), "utf-8")
    where = page.url.split("?")[0]
    for language, words in (
        ("zh", ["来源", "在账", "年度的 5000 吨配额（CEA）"]),
        ("en", ["origin", "recorded", "allowances"]),
    ):
        page.goto(f"{where}?lang={language}")
        page.set_input_files("#policy", policy)
        page.set_input_files("#bundle", file)
        page.wait_for_selector("#result[data-verdict=VALID] .steps")
        told = page.inner_text("#result")
        assert page.locator("#result .steps > li").count() == 6
        assert all(word in told for word in words), told


def test_a_file_chosen_before_the_modules_came_is_taken(page: Page, tmp_path: Path) -> None:
    file, held = tmp_path / "title.json", list[Route]()
    file.write_bytes(UnitsWorld().certificate("title", CARRIED))
    page.route("**/verify/page.js*", lambda route: held.append(route))  # a built-in takes no attributes
    page.goto(f"{page.url.split('?')[0]}?lang=en", wait_until="commit")
    page.set_input_files("#bundle", file)
    page.wait_for_timeout(200)
    held[0].continue_()
    page.wait_for_selector("#result .steps")
    page.unroute("**/verify/page.js*")
    assert page.inner_text("#chosen") == "title.json"
