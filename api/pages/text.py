"""Every string of the pages, in Chinese and English. Chinese is the source language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from ledger_node.terms import (
    DEVICE_KINDS,
    IN_FORCE,
    IN_TIME,
    LATE,
    MEMBER_KINDS,
    MEMBER_STATUS,
    REPORT_STATUS,
    capital,
)

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
LOCALES: Final[Mapping[Language, str]] = {"zh": "zh_Hans_CN", "en": "en_GB"}

TEXT: Final[Mapping[str, tuple[str, str]]] = {
    # frame
    "brand": ("碳账本", "Carbon Ledger"),
    "tagline": ("从电表到账本，每一克都可自行核验", "From the meter to the ledger: every gram can be checked"),
    "skip": ("跳到正文", "Skip to content"),
    "nav.main": ("主导航", "Main"),
    "nav.start": ("首页", "Start"),
    "nav.region": ("区域", "Region"),
    "nav.verify": ("核验", "Verify"),
    "nav.api": ("接口", "API"),
    "language": ("语言", "Language"),
    "language.other": ("English", "中文"),
    "json": ("本页的 JSON 数据", "This page as JSON"),
    "footer": (
        "原始数据不出企业。链上只有承诺、规则与结果。",
        "Raw data stays with the enterprise. The chain holds commitments, rules and results.",
    ),
    "block": ("区块", "Block"),
    "of_time": ("北京时间", "UTC+8"),
    # start
    "start.title": ("碳账本", "Carbon Ledger"),
    "start.lead": (
        "企业把排放数据的证据锚定在联盟链上，合约按公布的规则计算到克，银行与监管部门无需信任任何服务器即可自行核验。",
        "Enterprises anchor the evidence behind their emissions on a consortium chain; contracts compute to the gram "
        "by published rules; banks and regulators check it without trusting anybody's server.",
    ),
    "start.search": ("查找企业", "Find an enterprise"),
    "start.search.label": ("统一社会信用代码或名称", "Unified social credit code, or name"),
    "start.search.hint": ("18 位代码", "18 characters"),
    "start.search.button": ("查找", "Find"),
    "start.search.none": ("没有找到这样的成员。", "No such member was found."),
    "start.numbers": ("账本上有什么", "What is on the ledger"),
    "start.members": ("成员", "Members"),
    "start.devices": ("计量器具", "Meters"),
    "start.logs": ("日志", "Logs"),
    "start.anchors": ("上链锚点", "Anchors"),
    "start.reports": ("年度报告", "Annual reports"),
    "start.rules": ("规则集", "Rule sets"),
    "start.enterprises": ("企业账本", "Ledgers of enterprises"),
    "start.empty": ("账本上还没有企业。", "No enterprise is on the ledger yet."),
    "start.how": ("如何可信", "Why it can be trusted"),
    "start.how.1": ("在源头签名", "Signed at the source"),
    "start.how.1.text": (
        "每个读数由电表（或网关）签名，序号连续，漏报和改动都会显露。",
        "Each reading is signed by its meter or gateway, with dense numbers: gaps and changes show.",
    ),
    "start.how.2": ("只增不改的日志", "A log that only grows"),
    "start.how.2.text": (
        "读数成为默克尔树的叶子，由见证方联署，锚定上链。",
        "Readings become leaves of a Merkle tree, cosigned by witnesses and anchored on the chain.",
    ),
    "start.how.3": ("规则即代码", "Rules are code"),
    "start.how.3.text": (
        "监管部门公布规则与因子，合约与您的电脑算出同样的克数。",
        "Regulators publish rules and factors; the contract and your own computer come to the same gram.",
    ),
    "start.how.4": ("自行核验", "Check it yourself"),
    "start.how.4.text": (
        "一个证据包，在浏览器里或离线核验，不需要本服务器。",
        "One bundle, verified in your browser or offline, without this server.",
    ),
    # members
    "member.code": ("统一社会信用代码", "Credit code"),
    "member.id": ("成员编号", "Member id"),
    "member.unknown": ("未登记名称的成员", "Member without a name here"),
    "member.unconfirmed": ("名称与链上摘要不符", "The name is not the one on the chain"),
    **{f"kind.{name}": capital(term) for name, term in MEMBER_KINDS.values()},
    **{f"member.status.{name}": capital(term) for name, term in MEMBER_STATUS.values()},
    # ledger
    "ledger.title": ("企业碳账本", "Carbon ledger of an enterprise"),
    "ledger.year": ("报告年度", "Reporting year"),
    "ledger.years": ("年度", "Years"),
    "ledger.none": ("该成员还没有填报。", "This member has filed nothing yet."),
    "ledger.emission": ("温室气体排放量", "Greenhouse gas emission"),
    "ledger.emission.hidden": ("批准后公布", "Published once approved"),
    "ledger.exact": ("精确值", "Exactly"),
    "ledger.activity": ("活动数据", "Activity"),
    "ledger.on_time": ("按期月度存证", "Months filed in time"),
    "ledger.on_time.of": ("共 12 个月", "of 12 months"),
    "ledger.anchors": ("上链锚点", "Anchors on the chain"),
    "ledger.months": ("月度", "Months"),
    "ledger.months.chart": ("各月活动数据", "Activity by month"),
    "ledger.months.closed": (
        "各月数据未公开：链上只有承诺值。",
        "The months are not public: the chain holds their commitments only.",
    ),
    "ledger.month": ("月份", "Month"),
    "ledger.quantity": ("数量", "Quantity"),
    "ledger.filed_at": ("存证时间", "Filed"),
    "ledger.timeliness": ("时效", "In time"),
    "ledger.late": capital(LATE),
    "ledger.in_time": capital(IN_TIME),
    "ledger.not_filed": ("未存证", "Not filed"),
    "ledger.commitment": ("承诺值", "Commitment"),
    "ledger.lines": ("活动数据与因子", "Activity and factors"),
    "ledger.line": ("排放源", "Line"),
    "ledger.parameter": ("参数", "Parameter"),
    "ledger.meters": ("计量器具", "Meters"),
    "ledger.meter": ("器具", "Meter"),
    "ledger.meter.kind": ("种类", "Kind"),
    "ledger.meter.class": ("准确度等级", "Accuracy class"),
    "ledger.meter.calibration": ("检定有效期至", "Calibrated until"),
    "ledger.meter.in_place": ("在用", "In place"),
    "ledger.meter.removed": ("已拆除", "Removed"),
    "ledger.meter.expired": ("检定过期", "Calibration expired"),
    "ledger.meters.closed": ("计量器具未公开。", "The meters are not public."),
    "ledger.logs": ("日志与链上头部", "Logs, and their heads on the chain"),
    "ledger.log": ("日志", "Log"),
    "ledger.log.size": ("条目数", "Entries"),
    "ledger.log.anchored": ("最近锚定", "Last anchored"),
    "ledger.log.root": ("树根", "Root"),
    "ledger.log.status": ("状态", "Status"),
    "log.status.active": ("正常", "Active"),
    "log.status.frozen": ("已冻结：发现分叉", "Frozen: a fork was proven"),
    "log.status.closed": ("已关闭", "Closed"),
    **{f"device.{name}": capital(term) for name, term in DEVICE_KINDS.values()},
    # report
    "report.title": ("年度排放报告", "Annual emission report"),
    "report.course": ("报告经过", "Course of the report"),
    "report.id": ("报告编号", "Report id"),
    "report.status": ("状态", "Status"),
    **{f"report.status.{name}": capital(term) for name, term in REPORT_STATUS.items()},
    "report.none": ("该年度还没有提交报告。", "No report of this year is filed yet."),
    "report.filed": ("企业提交", "Filed by the enterprise"),
    "report.prepared_by": ("编制", "Prepared by"),
    "report.verified": ("核查机构确认", "Confirmed by the verifier"),
    "report.approved": ("主管部门批准", "Approved by the regulator"),
    "report.returned": ("退回", "Returned"),
    "report.pending": ("待办", "Still open"),
    "report.in_force": capital(IN_FORCE),
    "report.rule_set": ("规则集", "Rule set"),
    "report.head": ("报告所引日志", "Log that it names"),
    "report.replaces": ("替代", "Replaces"),
    "report.replaced_by": ("被以下报告替代", "Replaced by"),
    "report.ledger": ("企业账本", "Ledger of the enterprise"),
    "report.computed": ("由合约在提交的同一笔交易中计算", "Computed by the contract in the transaction that filed it"),
    # check it yourself
    "check.title": ("自行核验", "Check it yourself"),
    "check.text": (
        "证据包含边界读数、日志证明、链上记录及其证明。策略文件写明您信任谁：先读它。",
        "The bundle holds the boundary readings, proofs into the log, and the chain's records with theirs. The policy "
        "says whom you trust: read it first.",
    ),
    "check.bundle": ("下载证据包", "Download the bundle"),
    "check.policy": ("下载策略", "Download the policy"),
    "check.browser": ("在浏览器中核验", "Verify in this browser"),
    "check.command": ("离线命令", "Offline, by command"),
    "check.document": ("下载报告", "Download the report"),
    "check.none": ("该报告还没有公开的证据包。", "There is no bundle of this report that you may have."),
    # verify
    "verify.title": ("在浏览器中核验证据包", "Verify a bundle in this browser"),
    "verify.lead": (
        "文件不会离开本机：签名、默克尔证明、链上证明与数字都在此浏览器中检查。",
        "No file leaves this machine: signatures, Merkle proofs, chain proofs and figures are checked in this browser.",
    ),
    "verify.bundle": ("证据包", "Bundle"),
    "verify.drop": ("把证据包拖到这里", "Drop a bundle here"),
    "verify.choose": ("或选择文件", "or choose a file"),
    "verify.policy": ("策略", "Policy"),
    "verify.policy.own": ("本节点建议的策略", "The policy that this node suggests"),
    "verify.policy.file": ("自己的策略文件（TOML）", "A policy file of your own (TOML)"),
    "verify.policy.none": ("不用策略", "No policy"),
    "verify.policy.show": ("查看建议的策略", "Show the suggested policy"),
    "verify.policy.missing": ("本节点没有建议策略。", "This node suggests no policy."),
    "verify.run": ("核验", "Verify"),
    "verify.working": ("正在核验…", "Verifying…"),
    "verify.steps": ("步骤", "Steps"),
    "verify.noscript": (
        "此页需要脚本在本机核验。也可离线使用：carbonledger verify",
        "This page verifies with scripts on this machine. Offline instead: carbonledger verify",
    ),
    "verify.insecure": (
        "浏览器只在安全连接（https 或本机）下提供密码功能。",
        "Browsers offer cryptography on secure connections only (https, or this machine).",
    ),
    "verify.unreadable": ("文件不能读取", "The file cannot be read"),
    "verify.policy.bad": ("策略不能读取", "The policy cannot be read"),
    "verify.download": ("下载结果（JSON）", "Download the answer (JSON)"),
    "verify.subject": ("核验对象", "What it is about"),
    "verify.took": ("用时", "Time"),
    "verify.caution": (
        "此页的程序也来自本服务器。不信任它时，请用离线命令。",
        "The program of this page comes from this server too. If you do not trust it, use the offline command.",
    ),
    "verdict.VALID": ("有效", "VALID"),
    "verdict.INVALID": ("无效", "INVALID"),
    "verdict.INDETERMINATE": ("无法判定", "INDETERMINATE"),
    "verdict.ERROR": ("出错", "ERROR"),
    "verdict.VALID.text": ("每一步都成立。", "Every step holds."),
    "verdict.INVALID.text": ("至少一步不成立。", "At least one step does not hold."),
    "verdict.INDETERMINATE.text": (
        "没有一步不成立，但有的步骤无法检查。",
        "No step fails, but some could not be checked.",
    ),
    "verdict.ERROR.text": ("没有检查任何内容。", "Nothing was checked."),
    "step.valid": ("成立", "valid"),
    "step.invalid": ("不成立", "invalid"),
    "step.indeterminate": ("未能检查", "indeterminate"),
    "step.not applicable": ("不适用", "not applicable"),
    "step.1": ("格式", "parse"),
    "step.2": ("签名", "signature"),
    "step.3": ("承诺值", "commitment"),
    "step.4": ("叶子", "leaf"),
    "step.5": ("包含证明", "inclusion"),
    "step.6": ("检查点签名", "checkpoint signature"),
    "step.7": ("见证", "witnesses"),
    "step.8": ("合约", "contracts"),
    "step.9": ("锚定", "anchored"),
    "step.10": ("封块", "sealed"),
    "step.11": ("当时密钥有效", "key valid then"),
    "step.12": ("归属", "belongs"),
    "step.13": ("器具齐全", "meters complete"),
    "step.14": ("数字", "figures"),
    "step.15": ("批准", "approved"),
    "step.16": ("评定", "assessment"),
    # api
    "api.title": ("接口", "API"),
    "api.lead": (
        "每个页面背后都是同样的 JSON。完整描述见 OpenAPI 文件。",
        "The same JSON is behind every page. The OpenAPI document describes all of it.",
    ),
    "api.operation": ("操作", "Operation"),
    "api.path": ("路径", "Path"),
    "api.what": ("说明", "What it does"),
    "api.who": ("谁可调用", "Who may call it"),
    "api.everyone": ("所有人", "Everyone"),
    "api.keyed": ("持有密钥者", "Readers with a key"),
    # errors
    "error.title": ("没有可显示的内容", "Nothing to show"),
    "error.back": ("回到首页", "Back to the start"),
    # regional views and alerts
    "region.title": ("区域排放", "Emissions of the region"),
    "region.eyebrow": ("监管", "Oversight"),
    "region.none": ("尚无按月披露的数据。", "Nothing was disclosed by month yet."),
    "region.all": ("全部", "All"),
    "region.districts": ("区县", "Districts"),
    "region.total": ("排放总量", "Total emissions"),
    "region.members": ("企业数", "Enterprises"),
    "region.intensity": ("碳强度", "Intensity"),
    "region.intensity.unit": ("t/万元增加值", "t per 10^4 CNY of value added"),
    "region.decoupling": ("脱钩指数", "Decoupling index"),
    "region.state": ("脱钩状态", "State"),
    "region.peak": ("达峰判断", "Peak"),
    "region.peak.year": ("最高年份", "Highest year"),
    "region.course": ("逐年变化", "Course of the years"),
    "region.part": ("数据未满全年", "Part of a year"),
    "region.share": ("占比", "Share"),
    "region.rank": ("排名", "Rank"),
    "region.by.industry": ("按行业", "By sector"),
    "region.by.gas": ("按气体", "By gas"),
    "region.by.source": ("按排放源", "By source"),
    "region.by.district": ("按区县", "By district"),
    "region.key.coal": ("燃煤", "Coal"),
    "region.key.gas": ("天然气", "Natural gas"),
    "region.key.power": ("净购入电力", "Purchased electricity"),
    "region.key.process": ("工业过程", "Industrial processes"),
    "region.key.other": ("其他", "Other"),
    "region.rules": ("判断规则与参数", "Rules and parameters"),
    "region.rules.text": (
        "脱钩指数为排放变化率与增加值变化率之比(Tapio 2005);"
        "最高年之后至少有规定年数且每年均低于最高年并超出容差,判为已达峰;"
        "最近几年均在容差内为平台期;最后一年最高为仍在上升;其余不作判断。",
        "The index is the relative change of emissions over that of value added (Tapio 2005). Peaked: enough years "
        "follow the highest one, each below it by more than the band. Plateau: the last years all lie within the "
        "band. Rising: the last year is the highest. Else nothing is said.",
    ),
    "alerts.title": ("预警", "Alerts"),
    "alerts.none": ("目前没有预警。", "Nothing stands at present."),
    "alerts.severity": ("级别", "Severity"),
    "alerts.severity.notice": ("提示", "Notice"),
    "alerts.severity.warning": ("警告", "Warning"),
    "alerts.severity.critical": ("严重", "Critical"),
    "alerts.state": ("状态", "State"),
    "alerts.state.open": ("待处理", "Open"),
    "alerts.state.acknowledged": ("已确认", "Acknowledged"),
    "alerts.state.escalated": ("已升级", "Escalated"),
    "alerts.state.past": ("已解除", "Past"),
    "alerts.member": ("企业", "Enterprise"),
    "alerts.rule": ("规则", "Rule"),
    "alerts.text": ("内容", "What it says"),
    "alerts.opened": ("发出时间", "Since"),
    "alerts.older": ("更早", "Older"),
}
"""Key → (Chinese, English)."""


def choose_language(query: str | None, cookie: str | None, accept: str | None) -> Language:
    """The language asked for in the address, else kept in a cookie, else the first that the browser wants."""
    chosen = _known(query) or _known(cookie)
    if chosen is not None:
        return chosen
    ranked: list[tuple[float, int, Language]] = []
    for place, part in enumerate((accept or "").split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        language = _known(tag.lower().split("-")[0])
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language is not None and quality > 0:
            ranked.append((-quality, place, language))
    return min(ranked)[2] if ranked else "zh"


def _known(tag: str | None) -> Language | None:
    for language in LANGUAGES:
        if tag == language:
            return language
    return None


class Text:
    """The strings in one language; a key that is not in the catalogue is an error."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._at = LANGUAGES.index(language)

    def __call__(self, key: str) -> str:
        """The string of a key; KeyError for none."""
        return TEXT[key][self._at]

    def or_(self, key: str, otherwise: str) -> str:
        """The string of a key that follows from data, or the data where there is no such key."""
        return TEXT[key][self._at] if key in TEXT else otherwise

    def starting(self, *prefixes: str) -> dict[str, str]:
        """The strings whose keys start so: what a script of a page needs."""
        return {key: pair[self._at] for key, pair in TEXT.items() if key.startswith(prefixes)}
