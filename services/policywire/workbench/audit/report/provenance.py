"""Whether an audit can be trusted and had again: what it read, what it could not use, and with which rules.

Knows an audit's inputs and problems; does not know HTML.
"""

from collections.abc import Iterator
from typing import Final

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.rows import Row
from policywire.workbench.audit.report.tables import (
    Cell,
    Header,
    Section,
    Shown,
    Table,
    cell_of,
    plain_table,
    word_table,
)
from policywire.workbench.audit.result import AuditResult, InputFile, InputProblem


def provenance(result: AuditResult, shown: Shown) -> Iterator[Section]:
    """What the words mean, what was not used, then how to get the same again."""
    yield _words()
    yield _not_used(result, shown)
    yield _reproduction(result)


def _words() -> Section:
    says = "Every figure follows from the files that were given and the policies; only what is booked is estimated."
    return Section(
        "words", "What the words mean", says, (), (word_table("Words of this report", ("Word", "Meaning"), _WORDS),)
    )


_WORDS: Final = (
    ("lines", "Charge lines that a policy of their payer decided, each once."),
    ("denied", "Lines that the policy in force on their day does not pay for; in dollars, what was charged for them."),
    ("at risk", "Denied dollars that nobody owes: no agreement that holds lets the member be billed."),
    (
        "member owes",
        "Denied dollars of members who signed an agreement that holds. With what is at risk, all that is denied.",
    ),
    ("to look at", "Lines that are neither denied nor safe until somebody looks at them."),
    ("agreement", "The member's signed word, before the service, to pay for these codes on these days."),
)


def _not_used(result: AuditResult, shown: Shown) -> Section:
    totals = result.totals
    good = totals.lines_read - totals.lines_bad
    undecided = good - totals.lines_outside_window - totals.lines_repeated - totals.lines_decided
    lines = [
        Row(("decided by a policy of their payer",), (totals.lines_decided,)),
        Row(("no policy of their payer names the code, or the payer is unknown",), (undecided,)),
        Row(("there already: counted once",), (totals.lines_repeated,)),
        Row(("served outside the window",), (totals.lines_outside_window,)),
        Row(("bad: not used",), (totals.lines_bad,)),
        Row(("rows of charges read",), (totals.lines_read,)),
    ]
    tables = (
        [plain_table("Every row of the charges", Header(("Rows",), ("Number",)), lines)] if totals.lines_read else []
    )
    if result.problems:
        header = ("Problem", "File", "Effect", "Times", "First places", "Mend")
        rows = [_problem(each) for each in result.problems[: shown.top]]
        tables.append(word_table("Problems of the input", header, rows))
    more = len(result.problems) - shown.top
    notes = (f"And {more:,} more kinds of problem in the JSON.",) if more > 0 else ()
    bad = sum(each.bad for each in result.reproduction.inputs)
    says = (
        "Every row was used."
        if not bad
        else (
            f"{wording.counted(bad, 'row')} could not be used and {'is' if bad == 1 else 'are'} in no figure. "
            "The file of rejects beside this report has each with its row, column and mend."
        )
    )
    return Section("not-used", "What was not used", says, (), tuple(tables), notes)


def _problem(each: InputProblem) -> tuple[str, ...]:
    effect = "row not used" if each.effect == "rejected" else "used, as said"
    return (
        each.problem.replace("-", " "),
        each.file,
        effect,
        wording.count(each.count),
        "; ".join(each.places),
        each.mend,
    )


def _reproduction(result: AuditResult) -> Section:
    ran = result.reproduction
    facts = (
        ("policywire", ran.policywire),
        ("rulebook revision", ran.rulebook_revision),
        ("as of", ran.as_of.isoformat()),
        ("dates of service", f"{ran.since.isoformat()} to {ran.until.isoformat()}"),
        *ran.options,
    )
    says = "The same files, rules, version and dates give the same figures, to the byte of the JSON."
    tables = (word_table("Rules and dates", ("What", "Value"), facts), _files(ran.inputs))
    return Section("reproduction", "How to get the same again", says, (), tables)


def _files(inputs: tuple[InputFile, ...]) -> Table:
    names = (
        Cell("File"),
        Cell("What"),
        *(Cell(name, "number") for name in ("Rows", "Good", "Bad")),
        Cell("SHA-256"),
    )
    return Table("Files that were read", names, tuple(_file(each) for each in inputs))


def _file(each: InputFile) -> tuple[Cell, ...]:
    counts = (Cell(wording.count(number), "number") for number in (each.rows, each.good, each.bad))
    return (cell_of(each.name), Cell(each.role), *counts, Cell(each.sha256, "hash"))
