"""Names of the features, and a reason as a sentence, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, Literal

from carbonledger.assessment.rational import fixed

Scale = Literal["percent", "number"]

TITLES: Final[Mapping[str, tuple[str, str, Scale]]] = {
    "intensity-peers": ("Intensity against peers, in MAD", "强度与同行中位数之差(以 MAD 计)", "number"),
    "year-on-year": ("Emission per output, year on year", "单位产量排放同比", "percent"),
    "emission-output": ("Emission per output against own quarters", "单位产量排放与自身历史之比", "percent"),
    "energy-output": ("Electricity per output against own quarters", "单位产量电耗与自身历史之比", "percent"),
    "emission-energy": ("Emission per kWh against own quarters", "单位电量排放与自身历史之比", "percent"),
    "two-methods": ("Ratio of two methods against own quarters", "两种方法比值与自身历史之比", "percent"),
    "residual": ("Residual of the seasonal decomposition, in MAD", "季节分解残差(以 MAD 计)", "number"),
    "repeats": ("Equal months in a row", "连续相同月数", "number"),
    "invoices-short": ("Declared below invoices or grid meter", "低于发票或电网计量的申报缺口", "percent"),
    "invoices-over": ("Declared above invoices or grid meter", "高于发票或电网计量的申报", "percent"),
    "recomputed-short": ("Declared below the recomputed amount", "低于重新计算结果的申报", "percent"),
    "laboratory-days": ("Days from sample to report", "采样至报告的天数", "number"),
    "filing-days": ("Days after the deadline of filing", "申报距截止日天数", "number"),
    "late-months": ("Late months of the last twelve", "近十二个月逾期月数", "number"),
    "resubmissions": ("Filings sent again", "重新申报次数", "number"),
    "soft-hits": ("Soft rules that gave points", "触发的软性规则数", "number"),
    "data-quality": ("Data quality, 1 measured to 5 estimated", "数据质量(1 实测至 5 估算)", "number"),
}
"""Feature → name in English and Chinese, and how its number is read."""


def value(feature: str, millionths: int) -> str:
    """A feature's number for people."""
    scale = TITLES[feature][2]
    number = Fraction(millionths, 10**6)
    if scale == "percent":
        return fixed(100 * number, 1) + " %"
    return fixed(number, 1).removesuffix(".0")


def sentence(reason: Mapping[str, Any]) -> tuple[str, str]:
    """A kept reason in English and Chinese."""
    name = str(reason["feature"])
    own, usual = value(name, reason["value"]), value(name, reason["median"])
    english, chinese, _ = TITLES[name]
    return (
        f"{english}: {own}, usual {usual} (+{reason['per_mille']})",
        f"{chinese}:{own},同行一般为 {usual}(+{reason['per_mille']})",
    )
