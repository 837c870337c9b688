"""What the numbers in acts and records are called (docs/formats/acts.md): here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEMBER_KINDS: Final = {
    1: "regulator",
    2: "enterprise",
    4: "preparer",
    8: "verifier",
    16: "bank",
    32: "auditor",
    64: "exchange",
    128: "metrology-lab",
}
"""Bits: a member may be several."""
MEMBER_STATUS: Final = {1: "admitted", 2: "suspended", 3: "expelled"}
KEY_PURPOSES: Final = {
    1: "act",
    2: "gateway",
    3: "gateway-note",
    4: "witness",
    5: "witness-note",
    6: "device",
    7: "person",
}
ALGORITHMS: Final = {1: "ed25519", 2: "es256", 3: "es256k", 4: "sm2-sm3"}
MEASURES: Final = {1: "Wh", 2: "kJ", 3: "g", 4: "L"}
REGISTER_TYPES: Final = {1: "register", 2: "interval"}
DEVICE_KINDS: Final = {
    1: "electricity-meter",
    2: "heat-meter",
    3: "belt-scale",
    4: "flow-meter",
    5: "analyser",
    9: "other",
}
LOG_STATUS: Final = {1: "active", 2: "frozen", 3: "closed"}
EVIDENCE: Final = {1: "official", 2: "reputable", 3: "transcription", 4: "draft", 5: "unverified"}
RULE_SET_STATUS: Final = {1: "in-force", 2: "draft", 3: "unverified"}
REPORT_STATUS: Final = {
    1: "filed",
    2: "verified",
    3: "approved",
    4: "returned-by-verifier",
    5: "returned-by-regulator",
    6: "replaced",
}
PLAN_STATUS: Final = {1: "filed", 2: "acknowledged", 3: "returned", 4: "replaced"}
TIERS: Final = {0: "default", 1: "measured", 2: "conservative"}


def numbers(names: Mapping[int, str]) -> dict[str, int]:
    """The other way round: the number of each name."""
    return {name: number for number, name in names.items()}
