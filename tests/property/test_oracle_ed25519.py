"""The door's own call of libsodium's verification says what PyNaCl's public binding says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from carbonledger.keys import PrivateKey
from oracle.ordinary import Ed25519

KEY = PrivateKey("ed25519", b"k" * 32)


def binding_says(signed: bytes, public: bytes) -> bool:
    try:
        crypto_sign_open(signed, public)
    except BadSignatureError:
        return False
    return True


@given(st.lists(st.tuples(st.binary(max_size=3000), st.integers(-1, 8 * 64 - 1)), max_size=4))
def test_one_buffer_for_many_messages_verifies_like_the_binding(messages: list[tuple[bytes, int]]) -> None:
    signed = []
    for message, flipped in messages:
        signature = int.from_bytes(KEY.sign(message), "big") ^ (1 << flipped if flipped >= 0 else 0)
        signed.append(signature.to_bytes(64, "big") + message)
    good = Ed25519().each(signed, [KEY.public.data] * len(signed))
    assert good == [binding_says(one, KEY.public.data) for one in signed] == [bit < 0 for _, bit in messages]


@given(st.lists(st.tuples(st.binary(max_size=200), st.binary(min_size=32, max_size=32)), min_size=1, max_size=3))
def test_hostile_bytes_verify_like_the_binding(hostile: list[tuple[bytes, bytes]]) -> None:
    ed25519 = Ed25519()
    for signed, public in hostile:
        assert ed25519.each([signed], [public]) == [binding_says(signed, public)]
