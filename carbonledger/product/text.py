"""Footprints as text for people, in English or Chinese."""

from __future__ import annotations

from typing import Final

from carbonledger.product.document import COMPONENTS
from carbonledger.product.result import Footprint, ProductFootprint, decimal, percent

LANGUAGES: Final = ("en", "zh")
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Product carbon footprints, cradle to gate", "产品碳足迹(从摇篮到大门)"),
    "period": ("Period", "核算期间"),
    "plant": ("Emission of the plant", "工厂排放量"),
    "rule set": ("Rule set", "规则集"),
    "allocated": ("of the plant's emission", "分摊的工厂排放量"),
    "output": ("declared units made", "声明单位产量"),
    "excluding": ("without biogenic uptake", "不含生物源吸收"),
    "including": ("with biogenic uptake", "含生物源吸收"),
    "fossil": ("fossil", "化石源"),
    "land_use_change": ("land-use change", "土地利用变化"),
    "land_management": ("land management", "土地管理"),
    "removals": ("removals", "清除"),
    "biogenic_non_co2": ("biogenic, other than CO2", "生物源非二氧化碳"),
    "uptake": ("biogenic uptake", "生物源吸收"),
    "primary": ("primary data", "初级数据占比"),
    "assessed": ("rated for quality", "已评数据质量占比"),
    "unknown": ("unknown", "未知"),
    "mass": ("mass", "质量"),
    "energy": ("energy", "能量"),
    "value": ("economic value", "经济价值"),
    "shares": ("declared shares", "声明比例"),
    "supplier": ("supplier's footprint", "供应商碳足迹"),
    "secondary": ("secondary factor", "次级因子"),
}


def footprint(result: Footprint, language: str) -> str:
    """The result, several lines, without a trailing newline."""
    at = LANGUAGES.index(language)
    period = result.document.period
    out = [
        f"{_word('title', at)}: {result.document.company.name}",
        f"{_word('period', at)}: {period.year}-{period.first_month:02} - {period.year}-{period.last_month:02}",
        f"{_word('rule set', at)}: {result.plant.rule_set.title[at]}",
        f"{_word('plant', at)}: {result.plant.emission:,} gCO2e",
    ]
    for divided in result.parts:
        part = divided.part
        shares = ", ".join(f"{name} {percent(100 * share)}%" for name, share in part.shares.items())
        out.append(f"  {part.name}: {_word(part.key, at)}: {shares}")
    for product in result.products:
        out += ["", *_product(product, result.document.decimals, at)]
    return "\n".join(out)


def examples(known: dict[str, str]) -> str:
    """The list of examples."""
    return "\n".join(f"{name}\n  {boundary}" for name, boundary in known.items())


def _product(found: ProductFootprint, decimals: int, at: int) -> list[str]:
    product = found.product
    unit = f"kgCO2e / {product.declared_amount} {product.declared_unit}"
    shown = {name: decimal(value, decimals) for name, value in found.per_unit.items()}
    lines = [
        f"{product.trade_name}  [{product.name}]",
        f"  {found.grams:,} gCO2e {_word('allocated', at)}",
        *(f"  + {item.input.name}: {_word(item.input.source, at)}" for item in found.bought),
        f"  = {shown['excluding']} {unit}, {_word('excluding', at)}",
    ]
    lines += [f"      {shown[name]} {_word(name, at)}" for name in COMPONENTS if found.per_unit[name]]
    if found.per_unit["uptake"]:
        lines.append(f"    {shown['including']} {unit}, {_word('including', at)}")
    known = {"primary": found.primary_share, "assessed": found.assessed}
    for name, value in known.items():
        lines.append(f"  {_word(name, at)}: {_word('unknown', at) if value is None else percent(value) + '%'}")
    return lines


def _word(key: str, at: int) -> str:
    return _WORDS[key][at]
