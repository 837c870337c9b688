"""Identifiers: the check character of a credit code, names on the chain."""

from __future__ import annotations

import pytest

from carbonledger.errors import Malformed
from carbonledger.identifiers import chain_name, check_credit_code, member_id, parse_chain_name


# published codes of well-known organisations
@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000802100433B", "9144030071526726XG"])
def test_published_credit_codes_pass(code: str) -> None:
    assert check_credit_code(code) == code
    assert len(member_id(code)) == 32


@pytest.mark.parametrize(
    "code", ["91350100M000100Y44", "91350100M000100Y4", "91350100I000100Y43", "91350100m000100y43", ""]
)
def test_a_wrong_credit_code_is_refused(code: str) -> None:
    with pytest.raises(Malformed):
        check_credit_code(code)


def test_names_on_the_chain_go_there_and_back() -> None:
    assert parse_chain_name(chain_name("ReportRegistry")) == "ReportRegistry"
    with pytest.raises(Malformed):
        chain_name("x" * 32)
