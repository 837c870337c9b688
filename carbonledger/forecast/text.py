"""A forecast as text for people, in English or Chinese, from its JSON."""

from __future__ import annotations

from typing import Any, Final

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "forecast": ("Forecast", "预测"),
    "year": (
        "Year {year}: {known} t known ({n} periods), total {total} t",
        "{year} 年:已知 {known} t({n} 期),全年 {total} t",
    ),
    "quota": ("Quota {year}: {amount} t, balance {balance} t", "{year} 年配额:{amount} t,结余 {balance} t"),
    "used": ("used up on {day} (80 %: {earliest} to {latest})", "预计于 {day} 用尽(80% 区间:{earliest} 至 {latest})"),
    "enough": ("enough by the forecast (80 %: {earliest} to {latest})", "预计足够(80% 区间:{earliest} 至 {latest})"),
    "backtest": ("Back-test, rolling origin", "回测(滚动起点)"),
    "test": (
        "{title}: MAE {mae} t, MAPE {mape}, within 80 %: {in80} of {of}, within 95 %: {in95} of {of}",
        "{title}:MAE {mae} t,MAPE {mape},80% 区间内 {in80}/{of},95% 区间内 {in95}/{of}",
    ),
    "note": ("Note", "说明"),
    "never": ("not used up", "不会用尽"),
}


def forecast(result: dict[str, Any], language: str) -> str:
    """Totals first, then periods with their intervals, then the back-test."""
    method = result["method"]
    parameters = ", ".join(f"{name} {value}" for name, value in method["parameters"].items())
    out = [
        f"{_word('forecast', language)}  {result['subject']}",
        method["title"][language] + (f"  ({parameters})" if parameters else ""),
        "",
    ]
    for year in result["years"]:
        line = _word("year", language).format(
            year=year["year"],
            known=_t(year["known"]["value"]),
            n=year["known_periods"],
            total=_t(year["total"]["value"]),
        )
        out.append(line + _ends(year["total"]))
    for quota in result["quotas"]:
        never = _word("never", language)
        days = {name: quota[name] or never for name in ("earliest", "latest")}
        said = _word("used" if quota["used_up"] else "enough", language).format(day=quota["used_up"], **days)
        head = _word("quota", language).format(
            year=quota["year"], amount=_t(quota["amount"]["value"]), balance=_t(quota["balance"]["value"])
        )
        out.append(f"{head}; {said}")
    out.append("")
    out += [f"{one['period']}  {_t(one['value'])} t{_ends(one)}" for one in result["periods"]]
    if result["backtest"]:
        out += ["", _word("backtest", language)]
    for test in result["backtest"]:
        out.append(
            _word("test", language).format(
                title=test["title"][language],
                mae=_t(test["mae"]["value"]),
                mape=test["mape"] or "-",
                in80=test["coverage"]["80"]["inside"],
                in95=test["coverage"]["95"]["inside"],
                of=test["points"],
            )
        )
    out += [f"{_word('note', language)}: {warned['text'][language]}" for warned in result["warnings"]]
    return "\n".join(out)


def _ends(value: dict[str, Any]) -> str:
    ends = [f"{level} %: {_t(r['low'])} … {_t(r['high'])}" for level, r in value["intervals"].items()]
    return "  [" + "; ".join(ends) + "]"


def _t(grams: str) -> str:
    """Tonnes of whole grams, exactly."""
    number = int(grams)
    whole, rest = divmod(abs(number), 10**6)
    text = f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")
    return f"-{text}" if number < 0 else text


def _word(key: str, language: str) -> str:
    return _WORDS[key][0 if language == "en" else 1]
