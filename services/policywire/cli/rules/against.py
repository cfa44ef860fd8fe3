"""``policywire rules diff --against``: past charges decided by both sides. Knows the terminal; workbench decides."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from policywire.cli.progress import progress_bar
from policywire.rulebook.rulebook import PolicyKey
from policywire.workbench.diff.edition import Edition
from policywire.workbench.flips.lines import writer_of
from policywire.workbench.flips.tally import Tally
from policywire.workbench.flips.words import markdown, text

if TYPE_CHECKING:
    from policywire.workbench.charges.mapping import ChargeMapping
    from policywire.workbench.diff.against import Against

PROBLEMS_MAX = 10
"""So many kinds of problems are named on a terminal; ``--json`` has all."""


class FlippedCharges(NamedTuple):
    """What flips, how much was read, and the file with the lines, if there is one."""

    tally: Tally
    read: "Against"
    lines_file: Path | None

    def plain(self) -> dict[str, Any]:
        """As plain values, for ``--json``."""
        bad = [
            {"column": column, "problem": said, "rows": rows} for (column, said), rows in self.read.bad.most_common()
        ]
        return {
            "rows_read": self.read.good + self.read.bad_rows,
            "rows_bad": self.read.bad_rows,
            "problems": bad,
            "lines_decided": self.read.decided,
            "lines_file": None if self.lines_file is None else str(self.lines_file),
            "flips": self.tally.plain(),
        }

    def told(self, *, as_markdown: bool) -> Iterator[str]:
        """Lines for people; aggregates only."""
        yield ""
        rows = self.read.good + self.read.bad_rows
        yield f"Against {rows:,} rows, of which {self.read.decided:,} are decided by one side at least:"
        yield ""
        yield from markdown(self.tally) if as_markdown else text(self.tally)
        if self.read.bad_rows:
            yield ""
            yield f"{self.read.bad_rows:,} rows could not be read; policywire audit writes them to a file of rejects:"
            for (column, said), count in self.read.bad.most_common(PROBLEMS_MAX):
                yield f"  {column or 'the row'}: {said} ({count:,} rows)"
        if self.lines_file is not None:
            yield ""
            yield f"{self.lines_file} has the lines: protected health information, readable by you only."


def flip_charges(
    sides: tuple[Edition, Edition],
    only: PolicyKey | None,
    files: tuple[Sequence[str], Sequence[str], Sequence[str]],
    mapping: "ChargeMapping",
    lines_file: Path | None,
) -> FlippedCharges:
    """Decide files by both sides, with a progress bar on a terminal.

    Args:
        sides: the editions.
        only: a policy, when nothing else is asked for.
        files: charges, orders and agreements.
        mapping: how they are to be read.
        lines_file: where the lines that flip go, if anywhere.

    Raises:
        BadInput: a file cannot be read or written.
    """
    # Imported here: reading charges needs the extra.
    from policywire.workbench.diff.against import Against, Given  # noqa: PLC0415

    write = None if lines_file is None else writer_of(lines_file)
    tally = Tally()
    against = Against(sides[0].rulebook, sides[1].rulebook, only)
    with progress_bar() as progress:
        flipped = tally.counted(against.flipped(Given(*files), mapping, progress))
        if write is None:
            for _ in flipped:
                pass
        else:
            write(flipped)
    return FlippedCharges(tally, against, lines_file)
