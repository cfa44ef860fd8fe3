"""An audit as one would do it by hand: one line at a time, with lists and dictionaries, sharing no sum."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from policywire.decision.agreement import Agreement
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import Verdict
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.generate.charge_rows import Charge, SignedAgreement

AS_OF = dt.date(2026, 3, 1)
SINCE = dt.date(2024, 3, 1)
DENIALS = ("not_medically_necessary", "experimental_investigational")


class Line(NamedTuple):
    """A charge and what its policies say of it."""

    charge: Charge
    code: str
    day: dt.date
    verdicts: tuple[Verdict, ...]

    @property
    def cents(self) -> int:
        return round(float(self.charge.charge_amount or "0") * 100)

    @property
    def verdict(self) -> Verdict:
        """The one that counts: a denial that is the provider's loss, else any denial, else a review, else the first."""
        ranks = (
            lambda each: each.outcome in DENIALS and each.liable == "provider",
            lambda each: each.outcome in DENIALS,
            lambda each: each.outcome == "review",
        )
        return next((each for rank in ranks for each in self.verdicts if rank(each)), self.verdicts[0])

    @property
    def denied(self) -> bool:
        return self.verdict.outcome in DENIALS


def decided(charge: Charge, rulebook: Rulebook, agreements: Iterable[SignedAgreement]) -> Line:
    code = charge.procedure_code.strip().upper()
    day = dt.date.fromisoformat(charge.service_date)
    codes = [charge.diagnoses[each - 1] for each in charge.diagnosis_pointers] or list(charge.diagnoses)
    is_claim = charge.kind == "claim"
    item = Item(
        owner_id=charge.claim_id,
        line_number=charge.line_number if is_claim else None,
        event_id="",
        decided_for="",
        payer_id=str(charge.payer_id),
        line_of_business=charge.line_of_business,
        procedure_code=code,
        first_day=day,
        last_day=dt.date.fromisoformat(charge.service_date_end or charge.service_date),
        diagnoses=tuple(each.upper().replace(".", "") for each in codes),
        taxonomy=charge.rendering_taxonomy,
        narrative=charge.narrative,
        modifiers=charge.modifiers,
        units=1.0,
        charge=charge.charge_amount if is_claim else None,
        stage="submitted" if is_claim else "scheduled",
    )
    held = [_held(each, rulebook) for each in agreements if each.member_id == charge.member_id]
    return Line(charge, code, day, determine(item, held, rulebook))


def _held(given: SignedAgreement, rulebook: Rulebook) -> Agreement:
    profile = rulebook.payers.get(given.payer_id)
    signed = dt.datetime.fromisoformat(given.signed_at)
    return Agreement(
        agreement_id=given.agreement_id,
        payer=profile.key if profile else None,
        procedure_codes=given.procedure_codes,
        service_date_from=dt.date.fromisoformat(given.service_date_from),
        service_date_through=dt.date.fromisoformat(given.service_date_through),
        signed_at=int(signed.timestamp() * 1_000_000),
        signed_on=signed.date(),
        confirmed_before_service=given.confirmed_before_service,
        revoked_on=dt.date.fromisoformat(given.revoked_at[:10]) if given.revoked_at else None,
    )


class ByHand:
    """What an audit must say of lines."""

    def __init__(self, all_lines: list[Line]) -> None:
        once = list(dict.fromkeys(all_lines))
        self.seen = once
        self.lines = [each for each in once if each.verdicts and each.charge.kind == "claim" and within(each)]
        self.booked = [each for each in once if each.charge.kind == "appointment" and each.day >= AS_OF]
        claims = [each for each in all_lines if each.verdicts and each.charge.kind == "claim" and within(each)]
        self.repeated = len(claims) - len(self.lines)

    def by(self, key: Callable[[Line], str]) -> dict[str, tuple[int, ...]]:
        """Lines, denied, in review; cents charged, denied, exposed, owed by members."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0] * 7)
        for each in self.lines:
            owed = each.denied and each.verdict.liable == "patient"
            risked = each.denied and each.verdict.liable == "provider"
            review = each.verdict.outcome == "review"
            weights = (1, each.denied, review, each.cents, each.denied * each.cents, risked * each.cents)
            for place, number in enumerate((*weights, owed * each.cents)):
                sums[key(each)][place] += int(number)
        return {name: tuple(each) for name, each in sums.items()}

    def policies(self) -> Counter[tuple[Any, ...]]:
        said = ((each.code, verdict) for each in self.lines for verdict in each.verdicts)
        return Counter((x.payer, x.policy_id, x.version, code, str(x.outcome)) for code, x in said)

    def denials(self) -> Counter[tuple[str, str, str, str]]:
        denied = (x for each in self.lines for x in each.verdicts if x.outcome in DENIALS)
        return Counter((x.payer, x.policy_id, x.reason, x.denial.appeal if x.denial else "") for x in denied)

    def agreements(self) -> Counter[tuple[str, str | None]]:
        return Counter((x.verdict.agreement_status, x.verdict.agreement_problem) for x in self.lines if x.denied)

    def unlisted(self, rulebook: Rulebook) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By ordering provider and payer: lines, those after a targeted code, and their cents."""
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for rules in rulebook.watch.substitutions.values():
            for rule in rules:
                for line in self.lines:
                    for verdict in line.verdicts:
                        in_question = verdict.outcome in DENIALS or set(verdict.flags) & rule.review_flags
                        if (verdict.payer, verdict.policy_id) != (rule.payer, rule.policy) or not in_question:
                            continue
                        if line.code in rule.unlisted:
                            after = any(self._sighted(each, line, rule, rulebook) for each in self.seen)
                            sums = found[line.charge.ordering_provider_npi, rule.payer]
                            for place, number in enumerate((1, after, after * line.cents)):
                                sums[place] += int(number)
        return {key: (each[0], each[1], each[2]) for key, each in found.items()}

    @staticmethod
    def _sighted(earlier: Line, line: Line, rule: Any, rulebook: Rulebook) -> bool:
        profile = rulebook.payers.get(str(earlier.charge.payer_id))
        return (
            earlier.charge.member_id == line.charge.member_id
            and profile is not None
            and profile.key == rule.payer
            and earlier.code in rule.targeted
            and 0 <= (line.day - earlier.day).days <= rule.within_days
        )

    def unknown(self, rulebook: Rulebook) -> Counter[str]:
        """The listed codes under payer ids that nobody knows."""
        ids = (
            str(x.charge.payer_id)
            for x in self.seen
            if x.code in rulebook.listed_codes and x.charge.kind == "claim" and within(x)
        )
        return Counter(each for each in ids if each not in rulebook.payers)


def within(line: Line) -> bool:
    return SINCE <= line.day <= AS_OF
