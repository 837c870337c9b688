"""Terms that documents and pages share, in Chinese and English: one word per idea, whoever shows it.

English is in lower case; a page that begins with one uses `capital`. By the name of the
number on the chain (`carbonledger.numbered`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Term = tuple[str, str]

MEMBER_KINDS: Final[Mapping[str, Term]] = {
    "regulator": ("主管部门", "regulator"),
    "enterprise": ("重点排放单位", "enterprise"),
    "preparer": ("编制机构", "preparer"),
    "verifier": ("核查机构", "verifier"),
    "bank": ("金融机构", "bank"),
    "auditor": ("审计机构", "auditor"),
    "exchange": ("交易机构", "exchange"),
    "metrology-lab": ("计量机构", "metrology lab"),
}
MEMBER_STATUS: Final[Mapping[str, Term]] = {
    "admitted": ("已准入", "admitted"),
    "suspended": ("已暂停", "suspended"),
    "expelled": ("已清退", "expelled"),
}
DEVICE_KINDS: Final[Mapping[str, Term]] = {
    "electricity-meter": ("电能表", "electricity meter"),
    "heat-meter": ("热量表", "heat meter"),
    "belt-scale": ("皮带秤", "belt scale"),
    "flow-meter": ("流量计", "flow meter"),
    "analyser": ("分析仪", "analyser"),
    "other": ("其他", "other"),
}
REPORT_STATUS: Final[Mapping[str, Term]] = {
    "filed": ("已提交", "filed"),
    "verified": ("已核查", "verified"),
    "approved": ("已批准", "approved"),
    "returned-by-verifier": ("核查退回", "returned by the verifier"),
    "returned-by-regulator": ("主管部门退回", "returned by the regulator"),
    "replaced": ("已被替代", "replaced"),
}
CODE_COLOURS: Final[Mapping[str, Term]] = {
    "green": ("绿码", "green"),
    "red": ("红码", "red"),
    "grey": ("灰码", "grey"),
}
CODE_STATES: Final[Mapping[str, Term]] = {
    "green": ("正常", "green"),
    "grey": ("数据不足", "not enough data"),
    "opened": ("待企业说明", "waiting for the enterprise's explanation"),
    "explaining": ("待抽取核查机构", "waiting for the draw of an inspector"),
    "inspecting": ("核查中", "under inspection"),
    "rectifying": ("整改中", "being put right"),
    "confirmed": ("已确认造假，一票否决", "fraud confirmed: veto"),
}
BASES: Final[Mapping[str, Term]] = {
    "owner": ("本企业", "the enterprise itself"),
    "statutory": ("法定职责", "statutory role"),
    "grant": ("企业授权", "by the enterprise's grant"),
    "party": ("公开信息与本行业务", "open parts and the reader's own"),
}
"""On what basis a reader sees how an enterprise stands."""
SUSPENDED: Final[Term] = ("红码期间暂停使用", "suspended while red")
IN_FORCE: Final[Term] = ("现行有效", "in force")
LATE: Final[Term] = ("逾期", "late")
IN_TIME: Final[Term] = ("按期", "in time")


def capital(term: Term) -> Term:
    """The term where a label begins with it."""
    chinese, english = term
    return chinese, english[:1].upper() + english[1:]
