"""Which pieces each reader gets, in which order. Knows readers; the sentences stand in :mod:`..brief.pieces`."""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final, Literal, get_args

from policywire.workbench.brief import pieces
from policywire.workbench.brief.page import Page, Points, Rows, Section
from policywire.workbench.brief.subject import Subject
from policywire.workbench.plain_words import day_in_words

Reader = Literal["physician", "scheduling", "billing", "compliance"]
READERS: Final = get_args(Reader)


def brief(subject: Subject, reader: Reader) -> Page:
    """The page for one kind of reader."""
    sections = _SECTIONS[reader](subject)
    return Page(
        title=f"{subject.name}: {subject.policy.title}",
        reader=reader,
        lead=pieces.lead(subject),
        sections=tuple(section for section in sections if section),
        closing=f"As of {day_in_words(subject.as_of)}. {pieces.CLOSING}",
    )


def _points(heading: str, *items: str | None) -> Section:
    return Section(heading, Points(tuple(item for item in items if item)))


def _for_physician(subject: Subject) -> Iterable[Section]:
    denied = subject.codes(denied=True)
    summary = subject.policy.scope.summary
    yield _points("What it is about", pieces.sentence(summary) if summary else None)
    yield _points(
        "Before you order",
        f"Say to the member before the service that {subject.payer.name} is expected not to pay for "
        f"{pieces.listed(denied)}, and that they owe the full cost only with a signed agreement."
        if denied
        else None,
        *_ask_for(subject),
        pieces.authorization(subject),
        *pieces.substitutions(subject),
        "Clinical arguments do not change a position that is categorical." if _is_categorical(subject) else None,
        *pieces.companions(subject),
    )
    yield pieces.what_changes(subject)
    yield pieces.code_list(subject)


def _ask_for(subject: Subject) -> Iterable[str]:
    """What the order must say, where the answer hangs on it."""
    if codes := subject.codes(tests="clinical_context") + subject.codes(tests="diagnosis"):
        listed = pieces.listed(tuple(dict.fromkeys(codes)))
        yield f"For {listed} the diagnoses decide: write in the order what the service is for."
    if codes := subject.codes(tests="narrative"):
        yield f"For {pieces.listed(codes)} the description decides: write exactly what is to be done."


def _for_scheduling(subject: Subject) -> Iterable[Section]:
    denied = subject.codes(denied=True)
    yield _points(
        "When one of these is booked",
        f"{pieces.listed(denied)} for a {subject.payer.name} member: get the signed agreement before the day of "
        "service, or the practice bears the cost."
        if denied
        else None,
        pieces.agreement_rule(subject) if denied else None,
        pieces.urgency(subject) if denied else None,
        pieces.sentence(subject.texts["expected_denial_scheduled"].action)
        if denied and "expected_denial_scheduled" in subject.texts
        else None,
        *(f"Before you book: {each}" for each in _ask_for(subject)),
        pieces.authorization(subject),
    )
    if subject.is_upcoming:
        day = day_in_words(subject.version.effective_from)
        yield _points(
            "Until then",
            f"Look through what is booked for {day} or later: `policywire upcoming --orders FILE` counts it.",
            "What is done before that day is answered by the rules of its day, whenever it is billed.",
        )
    yield pieces.what_changes(subject)
    yield pieces.code_list(subject)


def _for_billing(subject: Subject) -> Iterable[Section]:
    scope = ", ".join(subject.policy.scope.lines_of_business).replace("_", " ")
    yield _points(
        "Denials",
        *pieces.remittance(subject),
        *pieces.appeals(subject),
        "A line that was drafted and not sent can still be held for an agreement." if subject.written.denial else None,
    )
    yield _points(
        "To settle before you bill",
        *pieces.to_settle(subject),
        "A span over days of two versions is reviewed: bill each day on a line of its own.",
        f"Lines of business in scope: {scope}; another one is reviewed.",
    )
    yield pieces.what_changes(subject, remittance=True)
    yield pieces.code_list(subject)
    yield _points("Beside this policy", *pieces.companions(subject), *pieces.substitutions(subject))


def _for_compliance(subject: Subject) -> Iterable[Section]:
    months = subject.written.review_interval_months
    yield _points(
        "What is at stake",
        "A denied service without a valid agreement is the practice's cost; billing the member for it is a dispute."
        if subject.written.denial
        else None,
        pieces.agreement_rule(subject) if subject.written.denial else None,
        "`policywire audit CHARGES` says in dollars what was billed, `policywire bucket` what to expect as denied.",
        *pieces.substitutions(subject),
    )
    yield pieces.what_changes(subject, remittance=True)
    yield Section(
        "Where it comes from",
        Rows(
            ("source", "kind", "read on", "SHA-256 begins"),
            tuple(
                (each.title, each.kind, str(each.retrieved or "not recorded"), (each.sha256 or "not recorded")[:12])
                for each in subject.policy.citations
            ),
        ),
    )
    yield _points(
        "What is not certain",
        pieces.sentence(subject.written.basis),
        f"The payer reviews it every {months} months." if months else "How often the payer reviews it is not known.",
    )
    yield pieces.code_list(subject, in_full=True)


def _is_categorical(subject: Subject) -> bool:
    denial = subject.written.denial
    return denial is not None and denial.appeal == "do_not_appeal"


_SECTIONS: Final[MappingProxyType[Reader, Callable[[Subject], Iterable[Section]]]] = MappingProxyType(
    {
        "physician": _for_physician,
        "scheduling": _for_scheduling,
        "billing": _for_billing,
        "compliance": _for_compliance,
    }
)
