"""Every act has the contract call that its table names."""

from __future__ import annotations

from carbonledger.acts import ACTS
from ledger_node.chain.calls import ENCODERS


def test_every_act_is_carried_by_the_call_its_type_names() -> None:
    assert set(ENCODERS) == set(ACTS) - {"Order"}  # an order travels in the matching of an exchange
    for name, encoder in ENCODERS.items():
        snake = "".join("_" + c.lower() if c.isupper() else c for c in ACTS[name].function)
        assert encoder.__name__ == "encode_" + snake
        module = "".join("_" + c.lower() if c.isupper() else c for c in ACTS[name].contract).lstrip("_")
        assert encoder.__module__.endswith("." + module)
