"""Chinese of what sets and records keep in English alone: formulas, and names and units of thresholds and inputs.

They are hashed as they are, so they are worded for the reader here, by the English text. What is not known is shown as
it is kept: a region may publish a set that this package has never seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FORMULAS: Final[Mapping[str, str]] = {
    # the rules of the code
    "months missing of the last 12, 10 working days after their deadline; annual report likewise": (
        "近 12 个月中，超过截止日 10 个工作日仍未报送的月数；年度报告同此"
    ),
    "hash(evidence) ≠ anchored hash, or bad signature, or revoked key": "证据哈希 ≠ 上链哈希，或签名无效，或密钥已撤销",
    "same document digest or invoice number in two firms, periods or loans": (
        "同一凭证摘要或发票号码出现在两家企业、两个期间或两笔贷款中"
    ),
    "|recomputed − reported| / reported": "|复算值 − 报告值| / 报告值",
    "factor not in the register, or value outside its minimum and maximum": "因子不在登记表中，或取值超出其上下限",
    "|reported − Σ invoices| / Σ invoices per quarter": "每季度 |报告值 − Σ 发票| / Σ 发票",
    "sampled ≤ received ≤ tested ≤ reported; one test date for one month; original code present": (
        "采样日 ≤ 收样日 ≤ 检测日 ≤ 报告日；一个月对应一个检测日期；须有原始编号"
    ),
    "0 ≤ register, 0 ≤ step ≤ rated power × time": "0 ≤ 表底数，0 ≤ 增量 ≤ 额定功率 × 时间",
    "attributed ≤ project reduction × loan / investment; "
    "Σ shares ≤ 1; loan ≤ investment; quarter ≤ year ≤ cumulative": (
        "归属减排量 ≤ 项目减排量 × 贷款 / 总投资；Σ 份额 ≤ 1；贷款 ≤ 总投资；当季 ≤ 当年 ≤ 累计"
    ),
    "purpose outside the catalogue version in force, or funds traced elsewhere": (
        "用途不在有效目录版本内，或资金流向他处"
    ),
    "equal consecutive non-zero months (≥ 3 significant digits), or quarter-hours": (
        "连续相等的非零月度值（至少 3 位有效数字），或连续相等的 15 分钟值"
    ),
    "|ln(E_t/E_{t−4}) − ln(P_t/P_{t−4})|": "|ln(E_t/E_{t−4}) − ln(P_t/P_{t−4})|，E 为排放量，P 为产量",
    "0.6745·(x − median)/MAD, x = ln intensity": "0.6745·(x − 中位数)/MAD，x = ln 强度",
    "max(Q1 − x, x − Q3, 0) / (Q3 − Q1), x = ln intensity": "max(Q1 − x, x − Q3, 0) / (Q3 − Q1)，x = ln 强度",
    "|r| / (1.4826 × MAD(r)), r of a robust STL": "|r| / (1.4826 × MAD(r))，r 为稳健 STL 分解的残差",
    "|ratio / own median of 8 quarters − 1|; kWh per output, t per kWh": (
        "|比值 / 自身 8 个季度的中位数 − 1|；单位产量电耗，单位电量排放"
    ),
    "|ratio / own median of 8 quarters − 1| in two periods running": "连续两期 |比值 / 自身 8 个季度的中位数 − 1|",
    "tCO2e a year per 10^4 CNY lent": "每万元贷款的年减排量（tCO2e）",
    "resubmissions in the quarter": "当季更正申报次数",
    "mean |share of d − log10(1 + 1/d)|, d = 1…9": "|首位数字 d 的占比 − log10(1 + 1/d)| 的均值，d = 1…9",
    "χ² against equal shares, 9 degrees of freedom, p < 0.001": "对均匀分布的 χ²，自由度 9，p < 0.001",
    "score above the 99.5th percentile of the training": "得分高于训练集的第 99.5 百分位",
    "error above the 99.5th percentile of a clean validation year": "误差高于无异常验证年度的第 99.5 百分位",
    # the steps of a grade
    "as reported": "按报告值",
    "E / VA, t per 10^4 CNY": "E / VA，吨每万元",
    "ΣE / ΣVA at the finest industry level with enough peers": "同行数足够的最细行业层级的 ΣE / ΣVA",
    "L / mean of the peers": "L / 同行平均",
    "L / L a year before − 1": "L / 上年同期 L − 1",
    "Σ weight × points, half-up to 2 places": "Σ 权重 × 得分，四舍五入至 2 位小数",
    "Σ months + missing × highest month": "Σ 各月 + 缺失月数 × 最高月",
    "up with score ≥ threshold + margin, or reached two quarters running; down at once": (
        "得分 ≥ 界限 + 缓冲，或连续两个季度达到，方可升级；降级即时"
    ),
    "energy emission − own renewable − sinks, t": "能源排放 − 自用可再生能源 − 碳汇，吨",
    "net / VA, t per 10^4 CNY": "净排放 / VA，吨每万元",
    "(own renewable + sinks + offsets) / emission": "（自用可再生能源 + 碳汇 + 抵销）/ 排放量",
    "≤ advanced, ≤ access, ≤ limit of the standard, above": "≤ 标准先进值，≤ 准入值，≤ 限定值，以上",
    "intensity / mean": "强度 / 平均值",
    "the worst of the dimensions": "各维度中最差者",
    "the worst of the boards": "各榜中最差者",
    "low ≤ lower percentile < middle ≤ upper percentile < high": "低 ≤ 下分位 < 中 ≤ 上分位 < 高",
}
_BEGINNINGS: Final[Mapping[str, str]] = {"piecewise linear: ": "分段线性："}

NAMES: Final[Mapping[str, str]] = {
    "absent": "缺项得分",
    "clear-change": "解除时的变动上限",
    "digits": "有效数字",
    "explain-days": "说明期限",
    "factor": "倍数",
    "families": "规则类数",
    "filled-months": "可补月数",
    "filled-quality": "补值数据质量",
    "grace": "宽限",
    "high": "上限",
    "inspect-days": "核查期限",
    "large": "大型企业起点",
    "least": "至少",
    "limit": "限值",
    "low": "下限",
    "months": "月数",
    "most": "至多",
    "most-large": "至多（大型企业）",
    "peers": "最少同行",
    "periods": "期数",
    "places": "小数位",
    "points": "分值",
    "points-high": "分值（高）",
    "points-low": "分值（低）",
    "quarters": "季度数",
    "queue-points": "排序分值",
    "readings": "读数个数",
    "rectify-days": "整改期限",
    "scale": "尺度",
    "shares": "份额合计",
    "silent-quarters": "无数据季度数",
    "tolerance": "容差",
    "upgrade-margin": "升级缓冲",
    "veto-quarters": "否决季度数",
    "weight": "权重",
}
UNITS: Final[Mapping[str, str]] = {
    "families": "类",
    "filings": "次申报",
    "months": "个月",
    "peers": "家",
    "places": "位",
    "points": "分",
    "quantile": "分位",
    "quarters": "个季度",
    "score": "分",
    "significant digits": "位有效数字",
    "t/10^4CNY": "吨/万元",
    "t/year": "吨/年",
    "values": "个值",
    "working days": "个工作日",
}


def formula(text: str, language: str) -> str:
    """A formula in the reader's language."""
    if language != "zh":
        return text
    beginning = next((one for one in _BEGINNINGS if text.startswith(one)), None)
    return FORMULAS.get(text, text) if beginning is None else _BEGINNINGS[beginning] + text.removeprefix(beginning)


def name(text: str, language: str) -> str:
    """The name of a threshold in the reader's language."""
    return NAMES.get(text, text) if language == "zh" else text


def unit(text: str, language: str) -> str:
    """A unit behind its number, with the space that belongs between them; nothing for a plain number."""
    if text == "1":
        return ""
    return f" {UNITS.get(text, text) if language == 'zh' else text}"
