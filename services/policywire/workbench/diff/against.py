"""Past charges and booked procedures decided by two editions: which of them flip.

Knows files of charges through :mod:`policywire.workbench.charges`; needs the extra ``workbench``. A row is told by its
place only in what the caller asks for by name; problems are counted by column and kind.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import pyarrow as pa

from policywire.decision.agreement import Agreement
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import Verdict
from policywire.rulebook.rulebook import PolicyKey, Rulebook
from policywire.workbench.charges.agreements import read_agreements
from policywire.workbench.charges.decide import items_of
from policywire.workbench.charges.files import ChargeFile, find_files
from policywire.workbench.charges.judge import Charges
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file
from policywire.workbench.flips.flip import FlippedLine, cents, exposed, flips

ANY_DAY: Final = date(2000, 1, 1)
"""For which items are said to be decided; no answer depends on it."""

Agreements = Mapping[str, Sequence[Agreement]]
Progress = Callable[[str, float], None]
"""Told a file's name and how much of it has been read, from 0 to 1."""


class Given(NamedTuple):
    """The files that somebody names, as paths or patterns."""

    charges: Sequence[str]
    orders: Sequence[str] = ()
    agreements: Sequence[str] = ()


class Against:
    """Reads files and finds the lines that flip.

    Args:
        before: the rulebook of one edition.
        after: that of the other.
        only: a policy, when nothing else is asked for.

    Attributes:
        good: rows that could be read.
        bad: rows that could not, by column and what is wrong.
        decided: lines of which one edition at least says something.
    """

    def __init__(self, before: Rulebook, after: Rulebook, only: PolicyKey | None = None) -> None:
        self._rulebooks = (before, after)
        self._only = only
        self.good = 0
        self.bad: Counter[tuple[str, str]] = Counter()
        self.bad_rows = 0
        self.decided = 0

    def flipped(self, given: Given, mapping: ChargeMapping, progress: Progress) -> Iterator[FlippedLine]:
        """Every line that flips, file by file in the order of their rows.

        Raises:
            BadInput: a file is not there, is none of the formats, or lacks a column.
        """
        with TemporaryDirectory(prefix="policywire-") as folder:
            unpacked = [Path(folder, name) for name in ("charges", "orders", "agreements")]
            for each in unpacked:
                each.mkdir()
            agreements = self._agreements(find_files(given.agreements, unpacked[2]), mapping)
            for file in find_files(given.charges, unpacked[0]):
                yield from self._of_file(file, mapping, agreements, progress, orders=False)
            for file in find_files(given.orders, unpacked[1]):
                yield from self._of_file(file, mapping, agreements, progress, orders=True)

    def _agreements(self, files: Sequence[ChargeFile], mapping: ChargeMapping) -> tuple[Agreements, Agreements]:
        """As each edition reads them, for a payer's ids are its own."""
        held: list[Agreements] = []
        for rulebook in self._rulebooks:
            by_member, reports = read_agreements(files, mapping, rulebook)
            held.append(by_member)
        for report in reports if files else ():
            self._count(report.good, report.bad, report.findings)
        return held[0], held[1]

    def _count(self, good: int, bad: int, findings: Iterable[Any]) -> None:
        self.good += good
        self.bad_rows += bad
        for finding in findings:
            if not finding.is_note:
                self.bad[finding.column, finding.problem.message] += len(finding.rows)

    def _of_file(
        self,
        file: ChargeFile,
        mapping: ChargeMapping,
        agreements: tuple[Agreements, Agreements],
        progress: Progress,
        *,
        orders: bool,
    ) -> Iterator[FlippedLine]:
        wanted = self._rulebooks[0].listed_codes | self._rulebooks[1].listed_codes
        for batch in read_file(file, mapping, orders=orders, wanted=wanted):
            yield from self._of_batch(file.path.name, batch, agreements)
            progress(file.path.name, batch.done)

    def _of_batch(
        self, source: str, batch: Charges, agreements: tuple[Agreements, Agreements]
    ) -> Iterator[FlippedLine]:
        self._count(batch.good, batch.bad, batch.findings)
        lines: pa.RecordBatch = batch.lines
        columns = (lines.column(name).to_pylist() for name in _TOLD)
        for item, told in zip(items_of(lines, ANY_DAY), zip(*columns, strict=True), strict=True):
            member = told[2] or ""
            before, after = (
                self._verdicts(item, rulebook, held.get(member, ()))
                for rulebook, held in zip(self._rulebooks, agreements, strict=True)
            )
            if before or after:
                self.decided += 1
                if changed := flips(before, after):
                    yield _line(source, item, told, (before, after), changed)

    def _verdicts(self, item: Item, rulebook: Rulebook, agreements: Sequence[Agreement]) -> tuple[Verdict, ...]:
        said = determine(item, agreements, rulebook)
        return (
            said if self._only is None else tuple(each for each in said if (each.payer, each.policy_id) == self._only)
        )


_TOLD: Final = (
    *("row", "claim_id", "member_id", "line_number", "specialty", "rendering_taxonomy", "rendering_provider_npi"),
    "charge_amount",
)


def _line(
    source: str,
    item: Item,
    told: tuple[Any, ...],
    verdicts: tuple[tuple[Verdict, ...], tuple[Verdict, ...]],
    changed: tuple[Any, ...],
) -> FlippedLine:
    row, claim_id, member_id, line_number, specialty, taxonomy, provider, charge = told
    return FlippedLine(
        kind="claim" if item.stage == "submitted" else "appointment",
        procedure_code=item.procedure_code,
        date_of_service=item.first_day,
        specialty=specialty or taxonomy,
        provider=provider,
        charge_cents=cents(charge),
        exposure_before_cents=exposed(verdicts[0]),
        exposure_after_cents=exposed(verdicts[1]),
        flips=changed,
        place=(source, row, claim_id, line_number, member_id, item.payer_id),
    )
