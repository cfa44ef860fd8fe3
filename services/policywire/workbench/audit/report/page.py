"""The HTML page of an audit: one file that needs nothing else, for the screen and for paper.

Knows how the parts stand together; what they say is in their own modules. Every word of an input goes through Jinja's
escaping; the only markup that does not is our own plots and style.
"""

from importlib.resources import files
from typing import Final, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.actions import Action, actions
from policywire.workbench.audit.report.ahead import ahead
from policywire.workbench.audit.report.at_risk import at_risk, payer_names, row_of
from policywire.workbench.audit.report.patterns import patterns
from policywire.workbench.audit.report.provenance import provenance
from policywire.workbench.audit.report.rows import Row, guarded, ranked
from policywire.workbench.audit.report.tables import Section, Shown
from policywire.workbench.audit.result import AuditResult, Tally

FIRST_ACTIONS: Final = 4
"""So many fit the first screen; all stand at the end of it."""


class Place(NamedTuple):
    """Where most is at risk, of one kind: ``Code``, ``0565T``, ``$41,000``, 0 to 1 of all."""

    kind: str
    name: str
    exposure: str
    share: float
    section: str


class Page(NamedTuple):
    """What the template is filled with."""

    title: str
    note: str
    about: str
    headline: str
    summary: str
    scope: str
    places: tuple[Place, ...]
    actions: tuple[Action, ...]
    sections: tuple[Section, ...]
    suppressed: str


def report_page(result: AuditResult, shown: Shown | None = None, note: str = "") -> str:
    """The audit as an HTML document; equal arguments give equal text.

    Args:
        result: what was found.
        shown: how much of it; the default shows all counts and the first 25 rows of a table.
        note: words above everything, such as that the data are synthetic.
    """
    shown = shown or Shown()
    folder = files(__package__)
    template = _environment.from_string((folder / "page.html.j2").read_text("utf-8"))
    style = Markup((folder / "page.css").read_text("utf-8"))  # noqa: S704  our own file
    return template.render(page=_page(result, shown, note), style=style, first_actions=FIRST_ACTIONS, markup=Markup)


_environment: Final = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _page(result: AuditResult, shown: Shown, note: str) -> Page:
    has_charges = any(each.role == "charges" for each in result.reproduction.inputs)
    about, headline, summary = _summary(result) if has_charges else _summary_of_lists(result)
    return Page(
        title="Coverage policy audit",
        note=note,
        about=about,
        headline=headline,
        summary=summary,
        scope=_scope(result),
        places=tuple(_places(result, shown)),
        actions=tuple(actions(result)),
        sections=tuple(_sections(result, shown)),
        suppressed=_suppressed(shown),
    )


def _sections(result: AuditResult, shown: Shown) -> list[Section]:
    return [*at_risk(result, shown), *patterns(result, shown), *ahead(result, shown), *provenance(result, shown)]


def _summary(result: AuditResult) -> tuple[str, str, str]:
    """What the headline is about, the headline, and what a reader must know beside it."""
    totals = result.totals
    headline = wording.rounded(totals.exposure_cents)
    if not totals.lines_decided:
        good = wording.counted(totals.lines_read - totals.lines_bad, "usable line")
        return "At risk", headline, f"No policy of a known payer decided any of the {good}."
    denied = (
        f"{wording.counted(totals.denied_lines, 'line')}, charged at {wording.rounded(totals.denied_cents)}, "
        f"{'falls' if totals.denied_lines == 1 else 'fall'} under a policy that does not pay for them"
    )
    owed = f"members owe {wording.rounded(totals.patient_cents)} of it by valid agreements"
    review = f"{wording.counted(totals.review_lines, 'line')} more, {wording.rounded(totals.review_cents)}, are open"
    return "At risk", headline, f"{denied}; {owed}. {review} until somebody looks."


def _summary_of_lists(result: AuditResult) -> tuple[str, str, str]:
    rows = len({(each.file, each.row) for each in result.catalogue or ()})
    read = sum(each.rows for each in result.reproduction.inputs if each.role == "catalogue")
    summary = (
        f"Of {wording.counted(read, 'row')} of your own lists these have a code that a policy asks something of. "
        "No charges were given, so nothing is said here of dollars."
    )
    return "To mend", wording.counted(rows, "row"), summary


def _scope(result: AuditResult) -> str:
    ran = result.reproduction
    if not result.totals.lines_read:
        return f"as of {wording.day(ran.as_of)}"
    return (
        f"{wording.counted(result.totals.lines_read, 'charge line')} read, served {wording.day(ran.since)} to "
        f"{wording.day(ran.until)}, as of {wording.day(ran.as_of)}"
    )


def _places(result: AuditResult, shown: Shown) -> list[Place]:
    names = payer_names(result)
    kinds = (
        ("Code", result.by_code, "codes"),
        ("Payer", result.by_payer, "payers"),
        ("Specialty", result.by_specialty, "specialties"),
        ("Ordering NPI", result.by_ordering_provider, "providers"),
    )
    found = []
    for kind, tallies, section in kinds:
        most = _most(tallies, shown)
        if most is not None and most.cents[-1] and not most.summed:
            share = most.cents[-1] / result.totals.exposure_cents
            name = names.get(most.labels[0], most.labels[0])
            found.append(Place(kind, name, wording.rounded(most.cents[-1]), share, section))
    return found


def _most(tallies: tuple[Tally, ...], shown: Shown) -> Row | None:
    rows = ranked(guarded([row_of(tally) for tally in tallies], shown.suppress_below))
    return rows[0] if rows else None


def _suppressed(shown: Shown) -> str:
    if not shown.suppress_below:
        return "Small counts are shown: keep this report inside the organisation."
    return f"Rows with counts under {shown.suppress_below} are merged with others; totals of the whole audit are not."
