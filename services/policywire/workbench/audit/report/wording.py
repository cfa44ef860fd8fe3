"""How figures and closed words of an audit read to a billing office. Knows no row and no page."""

import calendar
from collections.abc import Mapping
from datetime import date
from typing import Final

from policywire.workbench.audit.result import NOT_SAID

AGREEMENTS: Final[Mapping[str, str]] = {
    "valid": "valid: the member owes the cost",
    "missing": "no agreement of the member",
    "wrong_payer": "made for another payer",
    "wrong_service": "does not name the code",
    "wrong_date": "the service lies outside its days",
    "signed_after_service": "signed after the service",
    "signed_on_service_day": "signed on the day of the service, not confirmed before it",
    "revoked": "revoked before the service",
}
"""By status, or by the problem of an invalid one."""

APPEALS: Final[Mapping[str | None, str]] = {
    "do_not_appeal": "Do not appeal: the position is categorical.",
    "confirm_first": "Confirm what was done before a claim is given up.",
    "may_appeal": "An appeal may be worth it.",
    None: "",
}

ACTS: Final[Mapping[str, str]] = {
    "remove": "remove",
    "require_agreement": "require an agreement",
    "route": "route by context",
    "check": "check the criteria",
}


def dollars(cents: int) -> str:
    """To the cent, thousands parted: ``$1,234.50``; a negative one with its sign first."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def rounded(cents: int) -> str:
    """Whole dollars for headlines, half a dollar up."""
    return f"${(cents + 50) // 100:,}"


def count(number: int) -> str:
    """Thousands parted."""
    return f"{number:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun: ``1 line``, ``2,000 lines``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """A whole percentage; what is more than nothing and less than half a percent is ``under 1 %``."""
    if not whole:
        return "0 %"
    percent = round(100 * part / whole)
    return f"{percent} %" if percent or not part else "under 1 %"


def month(text: str) -> str:
    """``2025-03`` as ``Mar 2025``."""
    year, number = text.split("-")
    return f"{calendar.month_abbr[int(number)]} {year}"


def day(value: date) -> str:
    """``16 Dec 2025``."""
    return f"{value.day} {calendar.month_abbr[value.month]} {value.year}"


def key(text: str) -> str:
    """A row's key, or that the charges do not say it."""
    return "not said" if text == NOT_SAID else text


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
