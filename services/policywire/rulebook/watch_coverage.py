"""That the cases beside the watch rules cover them: every kind of alert opened and over, every window from both sides.

Knows watch rules and what their cases say; does not run a case (:mod:`policywire.workbench.watchtest`).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta
from typing import Final

from msgspec import Struct

from policywire.model.calendar import add_months
from policywire.model.codes import procedure_code
from policywire.model.events import AgreementSigned, AnyEvent, AppointmentContent, ClaimContent
from policywire.rulebook.case_events import case_events, event_findings, far_dates
from policywire.rulebook.checks import twice
from policywire.rulebook.collection import Collection, Key, Located
from policywire.rulebook.compile import watch_rules
from policywire.rulebook.rulebook import AlertTexts, CompiledPolicy, Substitution, WatchRules
from policywire.rulebook.source import Finding
from policywire.rulebook.watch import MemberAlertKind, WatchDocument
from policywire.rulebook.watch_cases import ExpectedAlert, Outlook, WatchCase, WatchCasesDocument
from policywire.rulebook.when import suggestion

ALWAYS_WATCHED: Final[tuple[MemberAlertKind, ...]] = (
    "expected_denial_scheduled",
    "agreement_missing",
    "service_without_agreement",
    "policy_affects_schedule",
)
"""Kinds that need no entry of a watch document beside their words."""

_DAY: Final = timedelta(days=1)


class Told(Struct, frozen=True):
    """What one case tells, as far as coverage looks at it."""

    expect: Outlook
    now: date
    """UTC date of the instant at which it is looked at."""
    services: tuple[tuple[str, str, date], ...]
    """Subject's id, code and day of each service that is booked or billed."""
    remembered: date
    """The latest day that anything of it is remembered from."""
    alerts_from: date | None
    """Before which day services open no alert; None: all do."""

    def is_over(self, kind: str) -> bool:
        """Whether it shows an alert of a kind resolved, or not opened."""
        return kind in self.expect.absent or any(each.kind == kind for each in self.expect.resolved)

    def days_of(self, alert: ExpectedAlert) -> Iterator[date]:
        """The days of service that an alert may be about."""
        ids = {alert.claim_id, alert.appointment_id}
        for owner, _, day in self.services:
            if owner in ids or all(not isinstance(each, str) for each in ids):
                yield day


def watch_coverage_findings(all_of: Collection) -> Iterator[Located]:
    """Everything that is wrong with watch cases, and what of the watch rules written by hand has none.

    As with policies, a watch document in JSON was made by a program, which is held to its cases where it is made.
    """
    policies = all_of.policies()
    payer_ids = {each.payer: each.payer_ids[0] for each in all_of.payers.values()}
    told: dict[Key, list[Told]] = {}
    for file, document in all_of.watch_cases.items():
        key = (document.payer, document.policy)
        if key not in policies or document.payer not in payer_ids:
            message = f"no policy {document.policy} of {document.payer}"
            yield file, Finding(("policy",), "unknown-policy", message, "Mend payer and policy of the cases.")
            continue
        found = list(watch_case_findings(document, policies[key], payer_ids[document.payer]))
        for finding in found:
            yield file, finding
        if not found:
            told.setdefault(key, []).extend(_told(case, payer_ids[document.payer]) for case in document.cases)
        else:
            told.setdefault(key, [])
    yield from _uncovered(all_of, told)


def watch_case_findings(document: WatchCasesDocument, policy: CompiledPolicy, payer_id: str) -> Iterator[Finding]:
    """What is wrong with the watch cases of one policy, each case looked at alone."""
    yield from twice(("cases",), "name", (case.name for case in document.cases))
    starts = [version.effective_from for version in policy.versions]
    for position, case in enumerate(document.cases):
        path = ("cases", position)
        for finding in tuple(far_dates(case)) or event_findings(case, payer_id):
            yield finding._replace(path=(*path, *finding.path))
        if case.published is not None and case.published.version not in starts[1:]:
            message = f"{policy.id} has no later version {case.published.version}"
            mend = suggestion(case.published.version, tuple(map(str, starts[1:]))) if starts[1:] else "Take it away."
            yield Finding((*path, "published", "version"), "unknown-version", message, mend)
        if not (case.expect.open or case.expect.resolved or case.expect.absent):
            message = "nothing is expected"
            yield Finding((*path, "expect"), "empty", message, "Name an alert that is open, resolved or absent.")
        named = {each.kind for each in (*case.expect.open, *case.expect.resolved)}
        for kind in case.expect.absent:
            if kind in named:
                message = f"{kind} is expected and absent at once"
                yield Finding((*path, "expect", "absent"), "contradiction", message, "Take it out of one of the two.")


def _told(case: WatchCase, payer_id: str) -> Told:
    events = case_events(case, payer_id)
    instants = [each.occurred_at.astimezone(UTC) for each in events]
    instants += [case.as_of.astimezone(UTC)] if case.as_of is not None else []
    instants += [case.published.at.astimezone(UTC)] if case.published is not None else []
    days = [each.occurred_at.astimezone(UTC).date() for each in events]
    return Told(
        expect=case.expect,
        now=max(instants).date(),
        services=tuple(service for event in events for service in _services(event)),
        remembered=max((*days, *(day for event in events for day in _last_days(event)))),
        alerts_from=case.alerts_from,
    )


def _services(event: AnyEvent) -> Iterator[tuple[str, str, date]]:
    match event:
        case ClaimContent():
            for line in event.lines:
                yield event.claim_id, procedure_code(line.procedure_code), line.service_date
        case AppointmentContent():
            for code in event.procedure_codes:
                yield event.appointment_id, procedure_code(code), event.service_date
        case _:
            return


def _last_days(event: AnyEvent) -> Iterator[date]:
    match event:
        case ClaimContent():
            yield from (line.service_date_end or line.service_date for line in event.lines)
        case AppointmentContent():
            yield event.service_date
        case AgreementSigned():
            yield event.service_date_through
        case _:
            return


def _uncovered(all_of: Collection, told: dict[Key, list[Told]]) -> Iterator[Located]:
    """What no case covers, at the cases of its policy; of what belongs to no policy, at the first cases."""
    by_hand = {file: each for file, each in all_of.watch.items() if not file.endswith(".json")}
    policies = all_of.policies()
    rules = watch_rules(by_hand.values())
    for file, watch in by_hand.items():
        lacking = [f"{policy} of {payer}" for payer, policy in sorted(_keys(watch) & policies.keys() - told.keys())]
        if lacking or not told:
            message = f"the watch rules{' for ' if lacking else ''}{', '.join(lacking)} have no cases"
            mend = "Put a cases.yaml beside them, with cases for each kind of alert and for both sides of each window."
            yield file, Finding((), "no-watch-cases", message, mend)
    for position, (file, document) in enumerate(all_of.watch_cases.items()):
        key = (document.payer, document.policy)
        if not told.get(key):
            continue
        findings = [*_of_entries(rules, key, told[key])]
        if by_hand and position == 0:
            findings += _of_texts(rules, [each for cases in told.values() for each in cases])
        for message, mend in findings:
            yield file, Finding(("cases",), "watch-without-case", message, mend)


def _keys(watch: WatchDocument) -> set[Key]:
    keys = {(each.payer, each.policy) for each in watch.substitutions}
    keys |= {(each.payer, each.policy) for each in watch.companions}
    return keys | {(each.payer, each.policy) for each in watch.context_reviews}


Lack = tuple[str, str]
"""What is not covered, and the case to add."""


def _of_entries(rules: WatchRules, key: Key, told: list[Told]) -> Iterator[Lack]:
    watched = {
        "unlisted_substitution": key in rules.substitutions,
        "companion_policy_review": key in rules.companions,
        "context_review": key in rules.context_reviews,
    }
    yield from _kinds([kind for kind, is_watched in watched.items() if is_watched], told)
    for each in rules.substitutions.get(key, ()):
        yield from _sighting_window(each, told)


def _of_texts(rules: WatchRules, told: list[Told]) -> Iterator[Lack]:
    yield from _kinds([kind for kind in ALWAYS_WATCHED if kind in rules.texts], told)
    for kind, texts in rules.texts.items():
        yield from _severity_steps(kind, texts, told)
    yield from _months_to_act(rules.service_without_agreement_months, told)
    yield from _retention(rules.retention_months, told)
    if rules.alerts_from is not None:
        yield from _first_day(told)


def _kinds(kinds: Iterable[str], told: list[Told]) -> Iterator[Lack]:
    for kind in kinds:
        if not any(alert.kind == kind for each in told for alert in each.expect.open):
            yield f"no case opens an alert {kind}", f"Add a case that expects it under open: kind: {kind}."
        if not any(each.is_over(kind) for each in told):
            yield f"no case has the alert {kind} resolved or absent", "Add a case in which it does not hold."


def _severity_steps(kind: str, texts: AlertTexts, told: list[Told]) -> Iterator[Lack]:
    """On the last day of a severity and on the first of the next louder one."""
    shown = {
        ((day - each.now).days, alert.severity)
        for each in told
        for alert in each.expect.open
        if alert.kind == kind
        for day in each.days_of(alert)
    }
    beyond = [*(severity for _, severity in texts.severity_by_days), texts.severity][1:]
    for (days, severity), further in zip(texts.severity_by_days, beyond, strict=True):
        for wanted in ((days, severity), (days + 1, further)):
            if wanted not in shown:
                message = f"no case has an open {kind} {wanted[0]} days before the service"
                yield message, f"Add one that is looked at on that day and expects severity: {wanted[1]}."


def _months_to_act(months: int, told: list[Told]) -> Iterator[Lack]:
    """On the last day of a service without agreement, and on the day after."""
    kind = "service_without_agreement"
    is_last = is_over = False
    for each in told:
        turns = {add_months(day, months) for _, _, day in each.services}
        is_last |= each.now + _DAY in turns and any(alert.kind == kind for alert in each.expect.open)
        is_over |= each.now in turns and each.is_over(kind)
    if not is_last:
        message = f"no case has an open {kind} on the day before {months} months after the service"
        yield message, "Add one that is looked at on that day."
    if not is_over:
        message = f"no case has the alert {kind} over {months} months after the service"
        yield message, "Add one that is looked at on that day and expects it under resolved."


def _retention(months: int, told: list[Told]) -> Iterator[Lack]:
    """On the last day that something is remembered, and on the day after."""
    if not any(each.expect.open and each.now + _DAY == add_months(each.remembered, months) for each in told):
        message = f"no case has an open alert on the last of the {months} months that it is remembered"
        yield message, "Add one that is looked at on the day before they end."
    if not any(each.expect.resolved and each.now == add_months(each.remembered, months) for each in told):
        message = f"no case has an alert resolved because its {months} months are over"
        yield message, "Add one that is looked at on the day on which they end."


def _first_day(told: list[Told]) -> Iterator[Lack]:
    """Services on the first day that opens alerts and on the day before, and one before it that is not billed yet.

    On which day that is, the cases say for themselves.
    """
    kind = "service_without_agreement"
    opens = silent = unbilled = False
    for each in told:
        first = each.alerts_from
        if first is None:
            continue
        opened = [(alert.kind, day) for alert in each.expect.open for day in each.days_of(alert)]
        opens |= any(day == first for _, day in opened)
        silent |= not opened and bool(each.expect.absent) and first - _DAY in {day for _, _, day in each.services}
        unbilled |= any(day < first and alert == kind for alert, day in opened)
    for is_shown, which in (
        (opens, "a service on the day of alerts_from that opens an alert"),
        (silent, "a service on the day before alerts_from that opens none"),
        (unbilled, f"an open {kind} of a service before alerts_from that is not billed yet"),
    ):
        if not is_shown:
            yield f"no case has {which}", "Add one, with an alerts_from of its own."


def _sighting_window(rule: Substitution, told: list[Told]) -> Iterator[Lack]:
    """A targeted code on the first and last day of the window, and on the days beside them."""
    kind = "unlisted_substitution"
    shown: set[tuple[frozenset[int], bool]] = set()
    for each in told:
        seen = [day for _, code, day in each.services if code in rule.targeted]
        apart = frozenset(
            (day - other).days for _, code, day in each.services if code in rule.unlisted for other in seen
        )
        shown |= {(apart, True)} if any(alert.kind == kind for alert in each.expect.open) else set()
        shown |= {(apart, False)} if each.is_over(kind) else set()
    for days, is_open in ((0, True), (-1, False), (rule.within_days, True), (rule.within_days + 1, False)):
        if (frozenset((days,)), is_open) not in shown:
            how = f"{days} days before" if days >= 0 else "the day after"
            state = "open" if is_open else "absent"
            message = f"no case has a targeted code {how} the unlisted one"
            yield message, f"Add one that expects {kind} to be {state}."
