"""A policy is read strictly, and written so that it reads back."""

from __future__ import annotations

import pytest

from carbonledger.errors import Malformed
from carbonledger.policy import Policy
from tests.support.world import World

TEXT = World(foreign_witness=True).policy.format()


def test_a_policy_reads_back_as_it_was_written() -> None:
    policy = World(foreign_witness=True).policy
    assert Policy.parse(policy.format().encode()) == policy


def test_tables_may_be_left_out() -> None:
    assert Policy.parse(b"version = 1") == Policy()
    assert Policy.parse(Policy().format().encode()) == Policy()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 2", "version"),
        ("version = 1\n", "", "missing"),
        ("version = 1", "version = 1\nextra = 1", "unknown key"),
        ("id = 9732", "id = 0", "chain.id"),
        ("id = 9732", "id = true", "chain.id"),
        ("id = 9732", "id = 9007199254740992", "chain.id"),
        ("id = 9732", "id = 9732.0", "chain.id"),
        ('engine = "embedded"', 'engine = "geth"', "embedded, anvil, qbft"),
        ('engine = "embedded"', 'engine = "qbft"', "chain.operator"),
        ('engine = "embedded"', 'engine = "unsealed"', "chain.operator"),
        ('operator = "', 'validators = ["', "TOML"),
        ('operator = "', 'operator = "FF', "40 lower-case hex digits"),
        ("quorum = 2", "quorum = 3", "quorum"),
        ("quorum = 2", "quorum = -1", "quorum"),
        ("quorum = 2\n", "quorum = 2\nquorums = 2\n", "unknown key"),
        ("[regulator]", "[regulators]", "unknown key"),
        ('origin = "gateway', 'origin = "elsewhere', "name of a log's key"),
        ("[chain]", "[[chain]]", "table"),
        ("[[log]]", "[log]", r"\[\[log\]\]"),
    ],
)
def test_a_policy_that_is_not_of_the_form_is_refused_with_the_place(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(Malformed, match=said):
        Policy.parse(TEXT.replace(old, new, 1).encode())


def test_an_operator_is_for_engines_with_an_operator_and_validators_are_for_the_others() -> None:
    operator = TEXT.split('operator = "')[1][:40]
    assert Policy.parse(TEXT.replace("[[log]]", "validators = []\n[[log]]", 1).encode()).chain is not None
    with pytest.raises(Malformed, match="validators"):
        Policy.parse(TEXT.replace("[[log]]", f'validators = ["{operator}"]\n[[log]]', 1).encode())
    sealed = TEXT.replace("embedded", "qbft").replace(f'operator = "{operator}"', f'validators = ["{operator}"]')
    parsed = Policy.parse(sealed.encode())
    assert parsed.chain is not None
    assert parsed.chain.trust().validators == (bytes.fromhex(operator),)
    with pytest.raises(Malformed, match="once"):
        Policy.parse(sealed.replace(f'["{operator}"]', f'["{operator}", "{operator}"]').encode())


@pytest.mark.parametrize("data", [b"\xff", b"a = [", b"version = 1" + b"\n#" * (1 << 20), b"[" * 100_000])
def test_bytes_that_are_no_policy_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Policy.parse(data)


def test_a_witness_key_given_twice_or_of_a_log_is_refused() -> None:
    key = TEXT.split('keys = ["')[1].split('"')[0]
    with pytest.raises(Malformed, match="once"):
        Policy.parse(TEXT.replace('keys = ["', f'keys = ["{key}", "', 1).encode())
    log = TEXT.split('ed25519 = "')[1].split('"')[0]
    with pytest.raises(Malformed, match="0x04 or 0xff"):
        Policy.parse(TEXT.replace(f'keys = ["{key}"', f'keys = ["{log}"', 1).encode())
