"""Numbers as sentences write them: counted with their noun, with as many digits as tell them apart."""

from __future__ import annotations

from decimal import Decimal


def told_apart(one: float | Decimal, other: float | Decimal) -> tuple[str, str]:
    """Both numbers with two decimals, or as many more as tell them apart: 0.802 and 0.80."""
    first, second = Decimal(str(one)), Decimal(str(other))
    digits = 2
    while first != second and f"{first:.{digits}f}" == f"{second:.{digits}f}":
        digits += 1
    return decimals(first, digits), decimals(second, digits)


def decimals(value: float | Decimal, most: int = 3) -> str:
    """Two decimals, and up to ``most`` where they are not zero: 0.80, 0.802."""
    text = f"{value:.{most}f}"
    while most > 2 and text.endswith("0"):
        text, most = text[:-1], most - 1
    return text


def plural(number: int, one: str, many: str = "") -> str:
    """'1 DAG', '2 DAGs', '1,200 DAGs'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def working_time(minutes: int) -> str:
    """'25 min', 'about 1.5 h', 'about 12 h'."""
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes / 60
    text = f"{hours:.1f}".removesuffix(".0") if hours < 10 else f"{hours:,.0f}"
    return f"about {text} h"
