"""What the decided lines come to: DuckDB sums them on disk, so that memory does not grow with their number.

Knows the columns of decided rows and the shape of the result; decides nothing. Every figure is a sum or a count of
whole numbers, and every order is said, so that neither the order of the rows nor that of the batches shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
from msgspec.structs import replace

from policywire.model.records import DENIED, Outcome
from policywire.workbench.audit.plan import months_of
from policywire.workbench.audit.result import (
    AgreementTally,
    Contract,
    DenialTally,
    PolicyTally,
    Tally,
    Totals,
    UnknownPayer,
)

MEMORY: Final = "400MB"
"""What DuckDB may hold; beyond this it uses the disk."""

_SAID: Final = """
CREATE TABLE said AS
SELECT * REPLACE (coalesce(ordering_provider_npi, '') AS ordering_provider_npi,
                  coalesce(rendering_provider_npi, '') AS rendering_provider_npi,
                  coalesce(billing_provider_npi, '') AS billing_provider_npi),
       coalesce(list_contains($denied, outcome), false) AS denied,
       service_date BETWEEN $since AND $until AS in_window,
       service_date >= $as_of AS ahead,
       strftime(service_date, '%Y-%m') AS month,
       coalesce(specialty, rendering_taxonomy, '') AS of_specialty,
       coalesce(practice_line, specialty, rendering_taxonomy, '') AS of_practice_line,
       -- A claim line that is there again with all of this the same is the same line: exports overlap.
       CASE WHEN claim_id IS NULL OR line_number IS NULL THEN 1 ELSE row_number() OVER (
         PARTITION BY kind, claim_id, line_number, payer_id, member_id, procedure_code, modifiers, units, charge_cents,
                      service_date, service_date_end, payer, policy, billing_provider_npi, rendering_provider_npi,
                      ordering_provider_npi, diagnoses, diagnosis_pointers, narrative
         ORDER BY file, "row") END AS seen
FROM read_parquet($decided)
"""
_VIEWS: Final = """
CREATE VIEW verdicts AS SELECT * FROM said
WHERE seen = 1 AND kind = 'claim' AND policy IS NOT NULL AND in_window;
CREATE VIEW lines AS SELECT * FROM verdicts WHERE counts;
CREATE VIEW booked AS
SELECT *, agreement_status <> 'valid' AS unsigned, coalesce(claim_id, 'row ' || "row" || ' of ' || file) AS order_name
FROM said WHERE seen = 1 AND kind = 'appointment' AND denied AND ahead AND counts;
"""
_SUMS: Final = """
count(*), count(*) FILTER (denied), count(*) FILTER (outcome = 'review'),
sum(charge_cents), coalesce(sum(charge_cents) FILTER (denied), 0),
coalesce(sum(exposure_cents) FILTER (denied), 0),
coalesce(sum(charge_cents) FILTER (denied AND liable = 'patient'), 0)
"""
_TALLY: Final = (
    *("lines", "denied_lines", "review_lines", "charge_cents", "denied_cents", "exposure_cents", "patient_cents"),
)


class Decided:
    """The decided rows of an audit, ready to be asked.

    Args:
        rows: the Parquet file of the ledger.
        folder: of the caller's, for what does not fit in memory.
        since: first day of service of the window.
        until: its last day.
        as_of: bookings before this day are over.
    """

    def __init__(self, rows: Path, folder: Path, since: date, until: date, as_of: date) -> None:
        self._since, self._until = since, until
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": 2,
            "temp_directory": str(folder / "spill"),
        }
        self._database = duckdb.connect(folder / "decided.duckdb", config=settings)
        self._database.execute("SET preserve_insertion_order = false")  # less memory; every query orders what it gives
        days = {"since": since, "until": until, "as_of": as_of}
        denied = sorted(map(str, DENIED))
        self._database.execute(_SAID, {"decided": str(rows), "denied": denied, **days})
        self._database.execute(_VIEWS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What a query of ``said``, ``verdicts``, ``lines`` and ``booked`` gives."""
        return self._database.execute(query, dict(values or {})).fetchall()

    def totals(self, *, read: int, bad: int, outside: int) -> Totals:
        """The totals; what was not decided is told by who read it."""
        review = "coalesce(sum(charge_cents) FILTER (outcome = 'review'), 0)"
        lines = self._database.view("lines").aggregate(f"{_SUMS}, {review}").fetchall()
        ((*sums, review_cents),) = lines
        ((repeated,),) = self.rows(
            "SELECT count(*) FROM said "
            "WHERE seen > 1 AND kind = 'claim' AND policy IS NOT NULL AND counts AND in_window"
        )
        tally = _tally("", sums)
        return Totals(
            lines_read=read,
            lines_bad=bad,
            lines_outside_window=outside,
            lines_repeated=repeated,
            lines_decided=tally.lines,
            denied_lines=tally.denied_lines,
            review_lines=tally.review_lines,
            charge_cents=tally.charge_cents,
            denied_cents=tally.denied_cents,
            review_cents=int(review_cents),
            exposure_cents=tally.exposure_cents,
            patient_cents=tally.patient_cents,
        )

    def by(self, key: str) -> tuple[Tally, ...]:
        """The decided lines by a column; what does not say it stands under the blank key."""
        found = self._database.view("lines").aggregate(f"{key}, {_SUMS}", key).order(key)
        return tuple(_tally(name, sums) for name, *sums in found.fetchall())

    def by_month(self) -> tuple[Tally, ...]:
        """The decided lines of each month of the window, months without any too."""
        found = {each.key: each for each in self.by("month")}
        nothing = _tally("", [0] * len(_TALLY))
        months = months_of(self._since, self._until)
        return tuple(found.get(month) or replace(nothing, key=month) for month in months)

    def by_policy(self) -> tuple[PolicyTally, ...]:
        """What each version of each policy says of each code."""
        rows = self.rows(
            "SELECT payer, policy, version, procedure_code, outcome, count(*), sum(charge_cents), "
            "coalesce(sum(exposure_cents) FILTER (denied), 0) FROM verdicts "
            "GROUP BY ALL ORDER BY payer, policy, version NULLS FIRST, procedure_code, outcome"
        )
        return tuple(
            PolicyTally(
                payer=payer,
                policy=policy,
                version=version,
                code=code,
                outcome=Outcome(outcome),
                lines=lines,
                charge_cents=int(charged),
                exposure_cents=int(exposed),
            )
            for payer, policy, version, code, outcome, lines, charged, exposed in rows
        )

    def denials(self) -> tuple[DenialTally, ...]:
        """The denied lines by how their denials read, most dollars at risk first."""
        rows = self.rows(
            "SELECT payer, policy, bucket, reason, appeal, count(*), sum(charge_cents), sum(exposure_cents) "
            "FROM verdicts WHERE denied GROUP BY ALL ORDER BY sum(exposure_cents) DESC, payer, policy, reason, appeal"
        )
        return tuple(
            DenialTally(
                payer=payer,
                policy=policy,
                bucket=bucket,
                reason=reason,
                appeal=appeal,
                lines=lines,
                denied_cents=int(denied),
                exposure_cents=int(exposed),
            )
            for payer, policy, bucket, reason, appeal, lines, denied, exposed in rows
        )

    def agreements(self) -> tuple[AgreementTally, ...]:
        """The denied lines by the agreement that stands behind them."""
        rows = self.rows(
            "SELECT agreement_status, agreement_problem, count(*), sum(charge_cents), sum(exposure_cents) "
            "FROM lines WHERE denied GROUP BY ALL ORDER BY agreement_status, agreement_problem NULLS FIRST"
        )
        return tuple(
            AgreementTally(
                status=status, problem=problem, lines=lines, denied_cents=int(denied), exposure_cents=int(exposed)
            )
            for status, problem, lines, denied, exposed in rows
        )

    def contracts(self) -> tuple[Contract, ...]:
        """The denied lines by who billed them to whom."""
        rows = self.rows(
            "SELECT billing_provider_npi, payer, count(*), sum(charge_cents), sum(exposure_cents) "
            "FROM lines WHERE denied GROUP BY ALL ORDER BY billing_provider_npi, payer"
        )
        return tuple(
            Contract(
                billing_provider_npi=npi,
                payer=payer,
                denied_lines=lines,
                denied_cents=int(denied),
                exposure_cents=int(exposed),
            )
            for npi, payer, lines, denied, exposed in rows
        )

    def unknown_payers(self) -> tuple[UnknownPayer, ...]:
        """The listed codes under payer ids that no profile has."""
        rows = self.rows(
            "SELECT payer_id, count(*), coalesce(sum(charge_cents), 0) FROM said WHERE payer IS NULL AND seen = 1 "
            "AND kind = 'claim' AND in_window GROUP BY ALL ORDER BY payer_id"
        )
        return tuple(
            UnknownPayer(payer_id=payer_id, lines=lines, charge_cents=int(cents)) for payer_id, lines, cents in rows
        )

    def write_lines(self, path: Path) -> None:
        """Write the decided lines of the window and the bookings ahead as Parquet, in the files' order."""
        self._database.execute(
            "COPY (SELECT * EXCLUDE (denied, in_window, ahead, month, of_specialty, of_practice_line, seen) FROM said "
            "WHERE seen = 1 AND policy IS NOT NULL AND CASE kind WHEN 'claim' THEN in_window ELSE ahead END "
            'ORDER BY file, "row", payer, policy) TO $path (FORMAT parquet, ROW_GROUP_SIZE 20480)',
            {"path": str(path)},
        )

    def policies(self) -> Iterator[tuple[str, str]]:
        """The payer and the policy of everything that was decided, booked procedures too."""
        yield from self.rows("SELECT DISTINCT payer, policy FROM said WHERE policy IS NOT NULL ORDER BY ALL")


def _tally(key: str, sums: Sequence[Any]) -> Tally:
    return Tally(key=key, **{name: int(value or 0) for name, value in zip(_TALLY, sums, strict=True)})
