"""Standard Webhooks: the cases of the specification's own libraries (Go, `libraries/go/*_test.go`; Apache-2.0/MIT)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import webhook
from carbonledger.errors import BadSignature, Invalid, Malformed
from carbonledger.keys import PrivateKey
from carbonledger.webhook import Message, SharedSecret

ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PRIVATE = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
OTHER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

SHARED = webhook.parse_key(SECRET)
SIGNING = webhook.parse_private_key(PRIVATE)
PUBLIC = webhook.parse_key(webhook.public_text(SIGNING.public))
MESSAGE = Message(ID, AT)


def received(signature: str, **changes: str) -> dict[str, str]:
    return {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": signature} | changes


def test_the_published_signatures_are_made_and_taken() -> None:
    assert isinstance(SHARED, SharedSecret)
    assert webhook.signature(SHARED, MESSAGE, BODY) == V1
    assert webhook.signature(SIGNING, MESSAGE, BODY) == V1A
    assert webhook.headers((SHARED, SIGNING), MESSAGE, BODY) == received(f"{V1} {V1A}")
    for key, signature in ((SHARED, V1), (PUBLIC, V1A)):
        assert webhook.verify((key,), received(signature), BODY, AT) == MESSAGE
        shouted = {name.upper(): value for name, value in received(signature).items()}
        assert webhook.verify((key,), shouted, BODY, AT) == MESSAGE


@pytest.mark.parametrize(("key", "signature"), [(SHARED, V1), (PUBLIC, V1A)], ids=["v1", "v1a"])
@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_named(key: webhook.VerifyingKey, signature: str, name: str) -> None:
    without = {n: v for n, v in received(signature).items() if n != name}
    with pytest.raises(Malformed, match=f"expected {name}"):
        webhook.verify((key,), without, BODY, AT)


@pytest.mark.parametrize(("key", "signature"), [(SHARED, V1), (PUBLIC, V1A)], ids=["v1", "v1a"])
def test_another_signature_time_id_or_body_is_refused(key: webhook.VerifyingKey, signature: str) -> None:
    version = signature.partition(",")[0]
    wrong = [OTHER, f"{version}{OTHER[2:]}", f"{version},", version, "", signature[:-4], signature.replace("v1", "v2")]
    for one in wrong:
        with pytest.raises((BadSignature, Malformed)):
            webhook.verify((key,), received(one), BODY, AT)
    with pytest.raises(BadSignature):
        webhook.verify((key,), received(signature, **{"webhook-timestamp": "946684800"}), BODY, 946_684_800)
    with pytest.raises(BadSignature):
        webhook.verify((key,), received(signature, **{"webhook-id": ID[:-1]}), BODY, AT)
    with pytest.raises(BadSignature, match="before they are parsed"):
        webhook.verify((key,), received(signature), b'{"test":2432232314}', AT)


@pytest.mark.parametrize(("key", "signature"), [(SHARED, V1), (PUBLIC, V1A)], ids=["v1", "v1a"])
def test_one_good_signature_among_others_is_enough(key: webhook.VerifyingKey, signature: str) -> None:
    several = " ".join([OTHER, OTHER.replace("v1", "v2"), signature, OTHER])
    assert webhook.verify((key,), received(several), BODY, AT) == MESSAGE
    with pytest.raises(Malformed, match="at most 32"):
        webhook.verify((key,), received(" ".join([*[OTHER] * 32, signature])), BODY, AT)


def test_a_message_is_taken_within_five_minutes_of_the_clock_alone() -> None:
    for now in (AT - 300, AT, AT + 300):
        assert webhook.verify((SHARED,), received(V1), BODY, now) == MESSAGE
    for now in (AT - 301, AT + 301):
        with pytest.raises(Invalid, match="too old or too new"):
            webhook.verify((SHARED,), received(V1), BODY, now)


@pytest.mark.parametrize("text", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_*", "whpk_AAAA"])
def test_a_key_of_another_form_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        webhook.parse_key(text)
    assert text.rpartition("_")[2] in ("", "AAAA", "*") or text not in str(refused.value)


@given(st.binary(min_size=24, max_size=64), st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_what_is_signed_verifies_and_keys_are_read_as_they_are_written(secret: bytes, seed: bytes, body: bytes) -> None:
    shared, private = SharedSecret(secret), PrivateKey("ed25519", seed)
    assert webhook.parse_key(shared.text()) == shared
    assert repr(secret) not in repr(shared)
    public = webhook.parse_key(webhook.public_text(private.public))
    sent = webhook.headers((shared, private), MESSAGE, body)
    for key in (shared, public):
        assert webhook.verify((key,), sent, body, AT) == MESSAGE
        with pytest.raises(BadSignature):
            webhook.verify((key,), sent, body + b" ", AT)
