"""Calendar arithmetic on dates: whole months, as contracts and statutes count them."""

from calendar import monthrange
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)  # asked of the same few hundred days for every member: a fifth of a step without it
def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later, or the month's last day when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
