"""The door's checks: what is refused, with which code, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from carbonledger import batch_tree, entry, jcs, merkle
from carbonledger.entry import Body, Evidence, EvidenceType
from carbonledger.errors import Malformed
from oracle import envelopes, intake
from oracle.admission import ClockLimits
from oracle.envelopes import JSON, LINES, Batch, Single, Unreadable
from oracle.outcomes import Checked, Outcome, Refusal
from oracle.signers import Directory, Signer, SignerKey
from tests.integration.oracle_kit import NOW_MS, make_meter, secret_key, times

GATEWAY = secret_key("gateway")
PERSON = secret_key("person", "es256")


def directory() -> Directory:
    meter = secret_key("METER-1")
    interval = secret_key("METER-2", "es256k")
    return Directory(
        [
            Signer(1, "GATEWAY-1", "gateway", bytes(16), (SignerKey.of("ed25519", GATEWAY.public.data),)),
            Signer(2, "METER-1", "device", bytes(16), (SignerKey.of("ed25519", meter.public.data),), "Wh", "register"),
            Signer(
                3, "METER-2", "device", bytes(16), (SignerKey.of("es256k", interval.public.data),), "Wh", "interval"
            ),
            Signer(4, "ZHANG", "person", bytes(16), (SignerKey.of("es256", PERSON.public.data),)),
        ],
        b"s" * 32,
    )


def check(*items: envelopes.Item, using: Directory | None = None) -> list[Outcome]:
    return intake.check(items, using or directory(), NOW_MS, ClockLimits())


def reading(**changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        **{
            "d": "METER-1",
            "k": "reading",
            "n": "00" * 16,
            "q": 7,
            "r": 123,
            "s": 0,
            "t": times(1)[0],
            "u": "Wh",
            "v": 1,
        }
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def signed(body: dict[str, object] | bytes, kind: EvidenceType = EvidenceType.SINGLE, key: object = None) -> Single:
    raw = body if isinstance(body, bytes) else jcs.encode(body)
    private = key or {EvidenceType.GATEWAY: GATEWAY, EvidenceType.PERSON: PERSON}.get(kind, secret_key("METER-1"))
    signature = private.sign(entry.READING_PREFIX + raw)  # type: ignore[attr-defined]
    return Single(raw, Evidence(kind, private.public.short_id, signature).format())  # type: ignore[attr-defined]


def refused(*items: envelopes.Item) -> Refusal:
    outcome = check(*items)[0]
    assert isinstance(outcome, Refusal), outcome
    return outcome


def test_a_good_reading_is_taken_with_its_commitment() -> None:
    item = signed(reading())
    outcome = check(item)[0]
    assert isinstance(outcome, Checked)
    assert outcome.commitment == entry.commitment(item.r, item.a).hex()
    assert (outcome.signer, outcome.sequence, outcome.algorithm) == (2, 7, "ed25519")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"u": "kJ"}, "wrong_unit", "expected Wh"),
        ({"u": "MWh"}, "malformed_body", "'u'"),
        ({"d": "METER-9"}, "unknown_signer", "METER-9"),
        ({"q": 0}, "wrong_sequence", "from 1"),
        ({"k": "commissioning"}, "wrong_sequence", "expected 0"),
        ({"t": NOW_MS + 300_001}, "clock_ahead", "at most"),
        ({"t": NOW_MS - 400 * 86_400_000 - 1}, "clock_behind", "at least"),
        ({"n": None}, "no_nonce", "16 random bytes"),
        ({"n": "AB" * 16}, "malformed_body", "'n'"),
        ({"r": None, "x": 5}, "wrong_value", "'r'"),
        ({"r": None}, "malformed_body", "neither"),
        ({"r": -1}, "malformed_body", "'r'"),
        ({"extra": 1}, "malformed_body", "extra"),
        ({"v": 2}, "malformed_body", "'v'"),
        ({"v": True}, "malformed_body", "'v'"),
        ({"f": "0" * 63}, "malformed_body", "'f'"),
    ],
)
def test_each_fault_of_a_body_has_its_code(changes: dict[str, object], code: str, words: str) -> None:
    found = refused(signed(reading(**changes)))
    assert found.code == code
    assert words in f"{found.message}: expected {found.expected}, found {found.found}"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"d":"METER-1","k":"reading","n":"' + b"0" * 32 + b'","q":7,"r":9007199254740992,"s":0,"t":1,"u":"Wh","v":1}',
        b'{"d":"METER-1","k":"reading","n":"' + b"0" * 32 + b'","q":7,"r":1.0,"s":0,"t":1,"u":"Wh","v":1}',
        b'{"d":"METER-1","k":"reading","n":"' + b"0" * 32 + b'","q":7,"r":1e2,"s":0,"t":1,"u":"Wh","v":1}',
        b'{"d":"METER-1", "k":"reading","n":"' + b"0" * 32 + b'","q":7,"r":1,"s":0,"t":1,"u":"Wh","v":1}',
        b'{"k":"reading","d":"METER-1","n":"' + b"0" * 32 + b'","q":7,"r":1,"s":0,"t":1,"u":"Wh","v":1}',
        b'{"d":"METER-1","d":"METER-1","k":"reading","n":"' + b"0" * 32 + b'","q":7,"r":1,"s":0,"t":1,"u":"Wh","v":1}',
        b'\xef\xbb\xbf{"d":"METER-1"}',
        '{"d":"METER-1","k":"reading"}'.encode("utf-16"),
        b'{"d":"METER\\u002d1","k":"reading","n":"' + b"0" * 32 + b'","q":7,"r":1,"s":0,"t":1,"u":"Wh","v":1}',
        b'{"d":"METER-1","k":"reading"',
        b"",
        b"[" * 5000,
    ],
)
def test_what_is_not_canonical_is_refused_though_it_is_signed(raw: bytes) -> None:
    assert refused(signed(raw)).code == "malformed_body"


def test_a_wrong_key_a_bad_signature_and_a_wrong_evidence_are_told_apart() -> None:
    good = signed(reading())
    other = secret_key("METER-2")
    assert refused(signed(reading(), key=other)).code == "wrong_key"
    assert refused(Single(good.r, good.a[:-1] + bytes([good.a[-1] ^ 1]))).code == "bad_signature"
    assert refused(Single(good.r, good.a[:-1])).code == "malformed_evidence"
    assert refused(Single(good.r, b"\x05" + good.a[1:])).code == "malformed_evidence"
    assert refused(Single(b"{" * 60_001, good.a)).code == "too_large"


def test_a_long_request_says_of_each_what_is_said_of_it_alone() -> None:
    """With odd ones in every place of a part that is read, and of one that is verified, together."""
    good = [signed(reading(q=number, n=f"{number:032x}")) for number in range(1, 701)]
    wrong = secret_key("METER-2")
    for place, odd in {
        0: Single(good[0].r, good[0].a[:-1] + bytes([good[0].a[-1] ^ 1])),
        63: signed(reading(q=64, u="kJ")),
        64: signed(reading(q=65), key=wrong),
        300: Single(good[300].r, good[300].a[:-1]),
        301: signed(reading(q=302, d="METER-9")),
        511: Single(good[511].r, good[510].a),
        512: signed(b"{}"),
        513: Single(good[513].r, good[513].a[:9] + bytes(64)),
        640: signed(reading(q=641), EvidenceType.GATEWAY),
        699: signed(reading(q=700, t=NOW_MS + 300_001)),
    }.items():
        good[place] = odd
    alone = [outcome for item in good for outcome in check(item)]
    assert check(*good) == alone
    assert sum(isinstance(outcome, Refusal) for outcome in alone) == 9  # a gateway may vouch for a meter


def test_a_legacy_meter_without_nonce_is_signed_by_the_gateway_with_a_derived_salt() -> None:
    outcome = check(signed(reading(n=None), EvidenceType.GATEWAY))[0]
    assert isinstance(outcome, Checked)
    assert outcome.frame[-16:] == entry.derived_salt(b"s" * 32, "METER-1", 7)


def test_each_role_makes_its_own_kinds_only() -> None:
    paper = {"digest": "ab" * 32, "media_type": "text/plain", "name": "x", "purpose": "invoice", "size": 1}
    document = {"b": paper, "d": "ZHANG", "k": "document", "n": "00" * 16, "q": 0, "t": times(1)[0], "v": 1}
    assert isinstance(check(signed(document, EvidenceType.PERSON))[0], Checked)
    assert refused(signed({**document, "b": {"name": "x"}}, EvidenceType.PERSON)).code == "malformed_body"
    assert refused(signed({**document, "k": "manifest"}, EvidenceType.PERSON)).code == "wrong_kind"
    assert refused(signed({**document, "d": "METER-1"})).code == "wrong_kind"
    assert refused(signed(reading(d="ZHANG"), EvidenceType.PERSON)).code == "wrong_kind"


def test_other_algorithms_are_verified_too() -> None:
    meter = make_meter("METER-2", register=None)
    meter.key, meter.sequence = secret_key("METER-2", "es256k"), 1
    assert isinstance(check(meter.read(times(1)[0], 5))[0], Checked)


def test_a_batch_gives_each_body_its_own_evidence() -> None:
    for count in (1, 2, 3, 15, 300):
        meter = make_meter()
        meter.sequence = 1
        outcomes = check(meter.read_batch([(time_ms, 10) for time_ms in times(count)]))
        assert len(outcomes) == count
        for outcome in outcomes:
            assert isinstance(outcome, Checked)
            size = int.from_bytes(outcome.frame[:2], "big")
            raw, evidence = outcome.frame[2 : 2 + size], outcome.frame[4 + size : -16]
            Evidence.parse(evidence).verify(Body.parse(raw), meter.key.public)
            assert outcome.commitment == entry.commitment(raw, evidence).hex()


def test_a_bad_body_in_a_good_batch_does_not_take_the_others_with_it() -> None:
    meter = make_meter()
    meter.sequence = 1
    bodies = [meter.body("reading", time_ms, 1) for time_ms in times(4)]
    bodies[1] = bodies[1].replace(b'"u":"Wh"', b'"u":"kJ"')
    bodies[2] = bodies[2].replace(b'"q":3', b'"q":9')
    outcomes = check(meter.sign_batch(1, bodies))
    assert [getattr(outcome, "code", "accepted") for outcome in outcomes] == [
        *("accepted", "wrong_unit", "wrong_batch_position", "accepted")
    ]


def test_a_batch_with_a_bad_signature_is_refused_as_a_whole() -> None:
    meter = make_meter()
    meter.sequence = 1
    batch = meter.read_batch([(time_ms, 1) for time_ms in times(3)])
    assert refused(batch._replace(first=2)).code == "bad_signature"
    assert refused(batch._replace(bodies=batch.bodies[:2])).code == "bad_signature"
    assert refused(batch._replace(key=bytes(8))).code == "wrong_key"
    assert refused(batch._replace(device="METER-9")).code == "unknown_signer"
    assert refused(batch._replace(bodies=batch.bodies * 101)).code == "malformed_envelope"
    assert refused(batch._replace(bodies=())).code == "malformed_envelope"


def test_many_envelopes_say_of_each_what_is_said_of_it_alone() -> None:
    """As long a request as is verified in more than one run, odd ones among the others."""
    meter = make_meter()
    meter.sequence = 1
    batches = [meter.read_batch([(time_ms, 1) for time_ms in times(15)]) for _ in range(40)]
    for place, changes in {
        0: {"first": 2},
        5: {"key": bytes(8)},
        6: {"device": "METER-9"},
        17: {"signature": batches[17].signature[:-1]},
        18: {"signature": batches[16].signature},
        39: {"bodies": batches[39].bodies[:-1]},
    }.items():
        batches[place] = batches[place]._replace(**changes)
    alone = [outcome for batch in batches for outcome in check(batch)]
    assert check(*batches) == alone
    assert len(alone) == 34 * 15 + 6


def test_the_key_of_a_sequence_is_the_one_in_force_for_it() -> None:
    old, new = secret_key("METER-1"), secret_key("METER-1 second")
    known = directory()
    keys = (SignerKey.of("ed25519", old.public.data), SignerKey.of("ed25519", new.public.data, 8))
    known.put(replace(known.by_identifier["METER-1"], keys=keys))
    codes = [
        getattr(check(signed(reading(q=sequence), key=key), using=known)[0], "code", "accepted")
        for sequence, key in [(7, old), (8, new), (8, old), (7, new)]
    ]
    assert codes == ["accepted", "accepted", "wrong_key", "wrong_key"]


def test_envelopes_come_back_as_they_were_sent() -> None:
    meter = make_meter()
    items = [meter.commission(times(1)[0]), meter.read_batch([(t, 1) for t in times(3)]), meter.read(times(9)[8], 2)]
    for content_type in (JSON, LINES):
        assert envelopes.decode(envelopes.encode(items, content_type), content_type) == items
    one = json.dumps(envelopes.to_json(Single(b"\xff\x00", b"a")), default=lambda value: "YQ==")
    assert envelopes.decode(one.encode(), JSON) == [Single(b"\xff\x00", b"a")]


def test_one_unreadable_envelope_leaves_the_others_readable() -> None:
    good = envelopes.encode([signed(reading())], LINES).strip()
    for bad in (
        b'{"r":"x"}',
        b'{"r":1,"a":""}',
        b"nonsense",
        b'{"r":"{}","a":"?"}',
        b'{"batch":{}}',
        b"{}",
        b'{"r":"{\\ud800","a":""}',
    ):
        body = good + b"\n" + bad + b"\n" + good
        found = envelopes.decode(body, LINES)
        assert [type(item) for item in found] == [Single, Unreadable, Single], bad
        assert refused(found[1]).code == "malformed_envelope"
        if bad not in (b"nonsense", b'{"r":"{\\ud800","a":""}'):
            assert [type(item) for item in envelopes.decode(b"[" + body.replace(b"\n", b",") + b"]", JSON)] == [
                *(Single, Unreadable, Single)
            ]


@pytest.mark.parametrize("body", [b"", b"[", b"nonsense", b"[1,", b"\xff\xfe", b"[" * 3000])
def test_a_body_that_is_no_json_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Malformed):
        envelopes.decode(body, JSON)


@pytest.mark.parametrize("count", [1, 2, 5, 7, 15, 16, 33, 300])
def test_the_tree_of_an_envelope_and_its_evidence_are_those_of_rfc_9162(count: int) -> None:
    bodies = [bytes([number % 256]) * (1 + number % 9) for number in range(count)]
    head, signature = batch_tree.head(b"shortkey", 7, count), bytes(range(64))
    nodes, shape = batch_tree.nodes_of(merkle.leaves(bodies)), batch_tree.shape(count)
    assert batch_tree.forest([b"x", *bodies, *bodies], (1, count, count)) == [[merkle.leaf_hash(b"x")], nodes, nodes]
    leaves = [merkle.leaf_hash(body) for body in bodies]
    assert nodes[-1] == merkle.root(leaves)
    assert batch_tree.message("电表-1", head, nodes[-1]) == entry.batch_message("电表-1", 7, count, nodes[-1])
    evidences = list(shape.evidences(nodes, head, signature))
    for position, raw in enumerate(evidences):
        assert Evidence.parse(raw).path == tuple(merkle.inclusion_proof(leaves, position, count))
        assert Evidence.parse(raw).position == position
    assert shape.lengths == [len(raw) for raw in evidences]
    sizes = shape.sizes(bodies)
    openings, lengths = shape.openings(nodes, head, signature, sizes, bodies)
    each = [entry.opening(body, raw, entry.NO_SALT) for body, raw in zip(bodies, evidences, strict=True)]
    assert openings == b"".join(each) == shape.openings_with(evidences, sizes, bodies)
    assert lengths == [len(opening) for opening in each]


def test_batches_hold_their_limits() -> None:
    assert isinstance(Batch("d", 0, (), b"", b""), tuple)
