"""Audits to report: made up, but such that their sums agree, as an engine's would."""

from datetime import date, timedelta
from itertools import accumulate, pairwise
from typing import Any, Literal

from msgspec.structs import replace

from policywire.model.records import Outcome
from policywire.workbench.audit.result import (
    AgreementTally,
    AuditedPolicy,
    AuditResult,
    CatalogueFinding,
    Compliance,
    Contract,
    DenialTally,
    InputFile,
    InputProblem,
    PolicyTally,
    PracticeLine,
    Reproduction,
    Scheduled,
    ScheduledCode,
    ScheduledWeek,
    Tally,
    Totals,
    UnknownPayer,
    UnlistedPattern,
)

HOSTILE = '$a_1$ <script>alert("x")</script> & \'id="'
"""A specialty that nobody wants to see run."""

MONTHS = tuple(f"{year}-{number:02d}" for year in (2024, 2025) for number in range(1, 13))
VERSION = date(2025, 12, 16)


def tally(key: str, lines: int = 20, dollars: int = 4_000, owed: int = 1_000) -> Tally:
    """A quarter of the lines is in review; of the denied dollars members owe a part."""
    review = lines // 4
    return Tally(
        key=key,
        lines=lines,
        denied_lines=lines - review,
        review_lines=review,
        charge_cents=dollars * 100 + 2_550,
        denied_cents=dollars * 100,
        exposure_cents=(dollars - owed) * 100,
        patient_cents=owed * 100,
    )


def spread(keys: tuple[str, ...], total: Tally) -> tuple[Tally, ...]:
    """The total over the keys, each with twice as much as the next, so that the sums are the total's."""
    weights = [2 ** min(len(keys) - place, 12) for place in range(len(keys))]
    parts = {name: _shares(getattr(total, name), weights) for name in total.__struct_fields__[1:]}
    rows = (Tally(key=key, **{name: each[place] for name, each in parts.items()}) for place, key in enumerate(keys))
    return tuple(sorted(rows, key=lambda row: row.key))


def _shares(whole: int, weights: list[int]) -> list[int]:
    bounds = [whole * part // sum(weights) for part in accumulate(weights, initial=0)]
    return [high - low for low, high in pairwise(bounds)]


def reproduction() -> Reproduction:
    inputs = (
        InputFile(role="charges", name="charges-2024.csv", sha256="a1" * 32, rows=600_000, good=599_988, bad=12),
        InputFile(role="charges", name="charges-2025.parquet", sha256="b2" * 32, rows=400_000, good=400_000, bad=0),
        InputFile(role="agreements", name="agreements.csv", sha256="c3" * 32, rows=900, good=900, bad=0),
    )
    return Reproduction(
        policywire="0.1.0",
        rulebook_revision="sha256:" + "d4" * 32,
        as_of=date(2026, 1, 15),
        since=date(2024, 1, 1),
        until=date(2025, 12, 31),
        inputs=inputs,
        options=(("threshold", "10000.00"), ("window", "24 months")),
    )


def totals(whole: Tally) -> Totals:
    return Totals(
        lines_read=1_000_000,
        lines_bad=12,
        lines_outside_window=4_310,
        lines_repeated=77,
        lines_decided=whole.lines,
        denied_lines=whole.denied_lines,
        review_lines=whole.review_lines,
        charge_cents=whole.charge_cents,
        denied_cents=whole.denied_cents,
        review_cents=whole.charge_cents - whole.denied_cents,
        exposure_cents=whole.exposure_cents,
        patient_cents=whole.patient_cents,
    )


def policy() -> AuditedPolicy:
    return AuditedPolicy(
        payer="cigna",
        payer_name="Cigna Healthcare",
        policy="MM 0552",
        title="Stem Cell Therapy for Orthopaedic Applications",
        versions=(date(2020, 3, 15), VERSION),
        bucket="MM 0552",
        denial_reason="not medically necessary per Cigna MM 0552",
        appeal="do_not_appeal",
        quarantined_rows=1,
        source_conflicts=3,
    )


def denial(reason: str, appeal: Literal["do_not_appeal", "confirm_first"], lines: int) -> DenialTally:
    return DenialTally(
        payer="cigna",
        policy="MM 0552",
        bucket="MM 0552",
        reason=f"{reason} per Cigna MM 0552",
        appeal=appeal,
        lines=lines,
        denied_cents=lines * 250_000,
        exposure_cents=lines * 200_000,
    )


def finding(row: int = 17, code: str = "0565T", **changes: Any) -> CatalogueFinding:
    given = CatalogueFinding(
        file="charge-master.xlsx",
        row=row,
        code=code,
        payer="cigna",
        policy="MM 0552",
        version=VERSION,
        through=None,
        outcomes=(Outcome.NOT_MEDICALLY_NECESSARY,),
        act="remove",
        what_to_do="Remove it for Cigna Healthcare now: MM 0552 denies every use.",
    )
    return replace(given, **changes)


def scheduled() -> Scheduled:
    weeks = tuple(
        ScheduledWeek(
            week=date(2026, 1, 12) + timedelta(weeks=place),
            procedures=9 - place,
            without_agreement=6 - place,
            estimate_cents=(9 - place) * 520_000,
        )
        for place in range(6)
    )
    return Scheduled(
        orders=412,
        denied_orders=33,
        without_agreement_orders=18,
        estimate_cents=9_612_500,
        orders_without_estimate=4,
        by_week=weeks,
        by_code=(
            ScheduledCode(code="0565T", procedures=20, without_agreement=12),
            ScheduledCode(code="0717T", procedures=19, without_agreement=9),
        ),
    )


def audit(**changes: Any) -> AuditResult:
    """An audit in which everything was found, with a specialty that is hostile."""
    whole = tally("all", 30_214, 61_204_330, 15_020_000)
    given = AuditResult(
        reproduction=reproduction(),
        totals=totals(whole),
        policies=(policy(),),
        by_policy=(
            *(_by_policy(code, Outcome.EXPERIMENTAL_INVESTIGATIONAL, date(2020, 3, 15)) for code in _CODES),
            *(_by_policy(code, Outcome.NOT_MEDICALLY_NECESSARY, VERSION) for code in _CODES),
            _by_policy("38230", Outcome.OTHER_POLICY, VERSION),
        ),
        by_outcome=spread(tuple(Outcome)[:4], whole),
        by_code=spread(_CODES, whole),
        by_month=spread(MONTHS[::-1], whole),
        by_payer=spread(("cigna",), whole),
        by_specialty=spread(("orthopaedic surgery", HOSTILE, "sports medicine", "interventional pain", ""), whole),
        by_ordering_provider=spread(tuple(f"1{place:09d}" for place in range(1, 60)), whole),
        by_rendering_provider=spread(tuple(f"2{place:09d}" for place in range(1, 9)), whole),
        denials=(
            denial("experimental or investigational", "confirm_first", 16_600),
            denial("not medically necessary", "do_not_appeal", 6_000),
        ),
        agreements=(
            AgreementTally(status="valid", problem=None, lines=6_000, denied_cents=1_502_000_000, exposure_cents=0),
            _no_agreement("missing", None, 12_000),
            _no_agreement("invalid", "signed_after_service", 4_600),
        ),
        agreements_given=True,
        unlisted_patterns=tuple(_pattern(place) for place in range(1, 8)),
        practice_lines=(
            _practice_line("orthopaedic surgery", "2024-01", added=False),
            _practice_line("sports medicine", "2024-09", added=True),
            _practice_line("interventional pain", "2025-03", added=True),
        ),
        contracts=tuple(_contract(place) for place in range(1, 4)),
        unknown_payers=(UnknownPayer(payer_id="CIGNA-OLD", lines=310, charge_cents=130_200_000),),
        scheduled=scheduled(),
        catalogue=(finding(), finding(212, "38230", act="route"), finding(900, "20999", act="require_agreement")),
        problems=(_problem(), replace(_problem(), problem="lost-zeros", effect="noted", count=4_211)),
        compliance=Compliance(threshold_cents=1_000_000, exposure_cents=whole.exposure_cents, exceeded=True),
    )
    return replace(given, **changes)


_CODES = ("0565T", "0717T", "20999", "38232", "38230", "0566T", "0718T")


def _by_policy(code: str, outcome: Outcome, version: date) -> PolicyTally:
    place = _CODES.index(code) + 1
    return PolicyTally(
        payer="cigna",
        policy="MM 0552",
        version=version,
        code=code,
        outcome=outcome,
        lines=3_000 // place,
        charge_cents=900_000_000 // place,
        exposure_cents=700_000_000 // place,
    )


def _no_agreement(status: Any, problem: str | None, lines: int) -> AgreementTally:
    cents = lines * 278_200
    return AgreementTally(status=status, problem=problem, lines=lines, denied_cents=cents, exposure_cents=cents)


def _pattern(place: int) -> UnlistedPattern:
    return UnlistedPattern(
        ordering_provider_npi=f"1{place:09d}",
        payer="cigna",
        policy="MM 0552",
        unlisted_lines=90 // place,
        after_targeted_lines=45 // place,
        after_targeted_cents=20_000_000 // place,
    )


def _practice_line(name: str, first_month: str, *, added: bool) -> PracticeLine:
    start = MONTHS.index(first_month)
    return PracticeLine(
        practice_line=name,
        first_month=first_month,
        added=added,
        lines_by_month=tuple(0 if place < start else 20 + 3 * (place - start) for place in range(len(MONTHS))),
        denied_lines=7_553,
        denied_cents=1_530_000_000,
        exposure_cents=1_150_000_000,
    )


def _contract(place: int) -> Contract:
    return Contract(
        billing_provider_npi=f"3{place:09d}",
        payer="cigna",
        denied_lines=9_000 // place,
        denied_cents=3_000_000_000 // place,
        exposure_cents=2_300_000_000 // place,
    )


def _problem() -> InputProblem:
    return InputProblem(
        file="charges-2024.csv",
        problem="date-shape",
        effect="rejected",
        count=12,
        places=("row 17, column DOS", "row 4012, column DOS"),
        mend="Write dates as 2025-03-31, or say with --date-format how they are written.",
    )


def empty() -> AuditResult:
    """An audit that found nothing."""
    nothing = tally("all", 0, 0, 0)
    whole = replace(totals(nothing), charge_cents=0, review_cents=0, lines_bad=0)
    ran = reproduction()
    good = tuple(replace(each, good=each.rows, bad=0) for each in ran.inputs)
    return AuditResult(
        reproduction=replace(ran, inputs=good),
        totals=whole,
        by_month=tuple(replace(tally(month, 0, 0, 0), charge_cents=0) for month in MONTHS),
        compliance=Compliance(threshold_cents=1_000_000, exposure_cents=0, exceeded=False),
    )


def huge(keys: int = 148) -> AuditResult:
    """An audit of so many codes and providers that no page could show them all."""
    whole = tally("all", 4_000_000, 9_000_000_000, 100_000_000)
    codes = tuple(f"{place:04d}T" for place in range(keys))
    npis = tuple(f"1{place:09d}" for place in range(keys))
    return audit(
        totals=totals(whole),
        by_code=spread(codes, whole),
        by_specialty=spread(tuple(f"specialty {place}" for place in range(keys)), whole),
        by_ordering_provider=spread(npis, whole),
        by_rendering_provider=spread(npis, whole),
        catalogue=tuple(finding(place, code) for place, code in enumerate(codes, 2)),
    )
