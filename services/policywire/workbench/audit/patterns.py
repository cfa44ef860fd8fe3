"""What the decided lines show beyond their sums: coding around, services taken up, bookings ahead without agreement.

Knows the watch rules' substitutions and how to ask for them; decides nothing.
"""

from datetime import date
from pathlib import Path
from typing import Final

from policywire.rulebook.rulebook import Rulebook, Substitution
from policywire.workbench.audit.plan import months_of
from policywire.workbench.audit.result import (
    PracticeLine,
    Scheduled,
    ScheduledCode,
    ScheduledWeek,
    UnlistedPattern,
)
from policywire.workbench.audit.sums import Decided

BASELINE_SHARE: Final = 4
"""The first fourth of the window, six months of 24, shows who offered the services before."""

_UNLISTED: Final = """
WITH sighted AS (
  SELECT DISTINCT member_id, service_date FROM said
  WHERE payer = $payer AND list_contains($targeted, procedure_code) AND member_id IS NOT NULL
), suspect AS (
  SELECT ordering_provider_npi AS npi, charge_cents,
    EXISTS (
      SELECT 1 FROM sighted WHERE sighted.member_id = verdicts.member_id
      AND sighted.service_date BETWEEN verdicts.service_date - $within_days AND verdicts.service_date
    ) AS is_after
  FROM verdicts
  WHERE payer = $payer AND policy = $policy AND list_contains($unlisted, procedure_code)
    AND (denied OR (outcome = 'review' AND list_has_any(flags, $review_flags)))
)
SELECT npi, count(*), count(*) FILTER (is_after), coalesce(sum(charge_cents) FILTER (is_after), 0)
FROM suspect GROUP BY ALL ORDER BY npi
"""


def unlisted_patterns(decided: Decided, rulebook: Rulebook) -> tuple[UnlistedPattern, ...]:
    """How each ordering provider uses the unlisted codes that may stand for a denied one."""
    rules = (rule for _, rules in sorted(rulebook.watch.substitutions.items()) for rule in rules)
    found = (pattern for rule in rules for pattern in _of_rule(decided, rule))
    return tuple(sorted(found, key=lambda each: (each.ordering_provider_npi, each.payer, each.policy)))


def _of_rule(decided: Decided, rule: Substitution) -> list[UnlistedPattern]:
    values = {
        "payer": rule.payer,
        "policy": rule.policy,
        "targeted": sorted(rule.targeted),
        "unlisted": sorted(rule.unlisted),
        "within_days": rule.within_days,
        "review_flags": sorted(map(str, rule.review_flags)),
    }
    return [
        UnlistedPattern(
            ordering_provider_npi=npi,
            payer=rule.payer,
            policy=rule.policy,
            unlisted_lines=lines,
            after_targeted_lines=after,
            after_targeted_cents=int(cents),
        )
        for npi, lines, after, cents in decided.rows(_UNLISTED, values)
    ]


def practice_lines(decided: Decided, since: date, until: date) -> tuple[PracticeLine, ...]:
    """The practice lines that had denied lines, and which of them took these services up within the window."""
    months = months_of(since, until)
    rows = decided.rows(
        "SELECT of_practice_line, month, count(*), sum(charge_cents), sum(exposure_cents) FROM lines WHERE denied "
        "GROUP BY ALL ORDER BY of_practice_line, month"
    )
    by_line: dict[str, dict[str, tuple[int, int, int]]] = {}
    for name, month, *sums in rows:
        by_line.setdefault(name, {})[month] = (int(sums[0]), int(sums[1]), int(sums[2]))
    return tuple(_practice_line(name, found, months) for name, found in by_line.items())


def _practice_line(name: str, found: dict[str, tuple[int, int, int]], months: tuple[str, ...]) -> PracticeLine:
    first = min(found)
    denied, charged, exposed = (sum(each[place] for each in found.values()) for place in range(3))
    return PracticeLine(
        practice_line=name,
        first_month=first,
        added=months.index(first) >= max(1, len(months) // BASELINE_SHARE),
        lines_by_month=tuple(found.get(month, (0,))[0] for month in months),
        denied_lines=denied,
        denied_cents=charged,
        exposure_cents=exposed,
    )


def scheduled(decided: Decided, orders: Path) -> Scheduled:
    """The booked procedures ahead that are expected to be denied; a line's charge is the estimate of its procedure."""
    ((count,),) = decided.rows("SELECT count(DISTINCT name) FROM read_parquet($orders)", {"orders": str(orders)})
    ((denied, unsigned, estimate, unknown),) = decided.rows(
        "SELECT count(DISTINCT order_name), count(DISTINCT order_name) FILTER (unsigned), "
        "coalesce(sum(charge_cents) FILTER (unsigned), 0), "
        "count(DISTINCT order_name) FILTER (unsigned AND charge_cents IS NULL) FROM booked"
    )
    weeks = decided.rows(
        "SELECT date_trunc('week', service_date)::DATE AS week, count(*), count(*) FILTER (unsigned), "
        "coalesce(sum(charge_cents), 0) FROM booked GROUP BY ALL ORDER BY week"
    )
    codes = decided.rows(
        "SELECT procedure_code, count(*), count(*) FILTER (unsigned) FROM booked GROUP BY ALL ORDER BY procedure_code"
    )
    return Scheduled(
        orders=count,
        denied_orders=denied,
        without_agreement_orders=unsigned,
        estimate_cents=int(estimate),
        orders_without_estimate=unknown,
        by_week=tuple(
            ScheduledWeek(week=week, procedures=procedures, without_agreement=without, estimate_cents=int(cents))
            for week, procedures, without, cents in weeks
        ),
        by_code=tuple(
            ScheduledCode(code=code, procedures=procedures, without_agreement=without)
            for code, procedures, without in codes
        ),
    )
