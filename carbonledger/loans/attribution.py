"""A loan's part of a project's annual reduction: reduction × principal / total investment, rounded once to the gram.

Guideline on measuring energy saving and emission reduction of green-credit projects (绿色信贷项目节能减排量测算指引):
project reduction × (the bank's loan ÷ the project's total investment). The contract LoanRegistry computes the same.
"""

from __future__ import annotations

from typing import Final

from carbonledger.errors import Malformed

DOWN: Final = 1
UP: Final = 2
HALF_UP: Final = 3


def part(reduction: int, principal: int, investment: int, rounding: int = DOWN) -> int:
    """Grams a year; reduction in g a year, principal and investment in the same money. Malformed above the whole."""
    if investment <= 0 or not 0 <= principal <= investment or reduction < 0:
        raise Malformed(
            "part of a project's reduction",
            expected=f"a principal from 0 to the investment {investment}, a reduction from 0",
            found=f"principal {principal}, reduction {reduction}",
        )
    whole, rest = divmod(reduction * principal, investment)
    if rounding == DOWN:
        return whole
    if rounding == UP:
        return whole + (rest > 0)
    if rounding == HALF_UP:
        return whole + (2 * rest >= investment)
    raise Malformed("rounding of a part", expected="1 down, 2 up, 3 half up", found=rounding)
