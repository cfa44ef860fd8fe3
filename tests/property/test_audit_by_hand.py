"""An audit says what one would find by hand, whatever the formats, the number and order of files, and the batches."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import astuple
from tests.property.audit_oracle import AS_OF, SINCE, ByHand, decided

from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.audit.plan import AuditPlan, by_content
from policywire.workbench.audit.result import AuditResult, encode
from policywire.workbench.audit.run import Audited, run_audit
from policywire.workbench.audit.work import Batch, Piece, Task, work
from policywire.workbench.charges import csv_file, json_lines_file, parquet_file
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.generate.charge_files import ENDINGS, write_rows
from policywire.workbench.generate.charge_rows import Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges, generate_orders


def practice(seed: int) -> tuple[list[Charge], list[Charge], list[SignedAgreement]]:
    """Charges of few members of two known payers and some unknown ones, bookings, agreements; some lines twice."""
    random = Random(seed)  # noqa: S311  synthetic data, no secret
    mix = ChargeMix(hits=0.5)

    def crowded(charge: Charge) -> Charge:
        payer = random.choice(("62308", "62308", "CIGNA2", "SYN01", charge.payer_id))
        return charge._replace(member_id=f"M-{random.randrange(12)}", payer_id=payer)

    charges = [crowded(each) for each in generate_charges(300, seed, mix)]
    orders = [crowded(each) for each in generate_orders(40, seed, mix)]
    agreements = list(generate_agreements([*charges, *orders], seed, share=0.6))
    return charges + random.sample(charges, 15), orders, agreements


def plan_of(folder: Path, charges: list[Path], orders: Path, agreements: Path, rulebook: Rulebook) -> AuditPlan:
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    return AuditPlan(
        charges=by_content(find_files(charges, unpacked)),
        orders=by_content(find_files([orders], unpacked)),
        agreements=by_content(find_files([agreements], unpacked)),
        rulebook=rulebook,
        mapping=ChargeMapping(),
        as_of=AS_OF,
        since=SINCE,
        until=AS_OF,
        threshold_cents=0,
    )


def audited(folder: Path, seed: int, rulebook: Rulebook, ending: str = ".csv") -> Audited:
    folder.mkdir()
    charges, orders, agreements = practice(seed)
    files = {name: folder / f"{name}{ending}" for name in ("charges", "orders", "agreements")}
    write_rows(files["charges"], Charge._fields, charges)
    write_rows(files["orders"], Charge._fields, orders)
    write_rows(files["agreements"], SignedAgreement._fields, agreements)
    plan = plan_of(folder, [files["charges"]], files["orders"], files["agreements"], rulebook)
    spilled = folder / "spilled"
    spilled.mkdir()
    return run_audit(plan, spilled)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_audit_says_what_one_finds_by_hand(tmp_path: Path, seed: int, ending: str, rulebook: Rulebook) -> None:
    result = audited(tmp_path / "audit", seed, rulebook, ending).result
    charges, orders, agreements = practice(seed)
    by_hand = ByHand([decided(each, rulebook, agreements) for each in (*charges, *orders)])
    assert_tallies_agree(result, by_hand)
    assert_patterns_agree(result, by_hand, rulebook)
    assert result.totals.lines_read == len(charges)
    assert 0 < result.totals.lines_repeated == by_hand.repeated
    assert result.totals.exposure_cents + result.totals.patient_cents == result.totals.denied_cents > 0


def assert_tallies_agree(result: AuditResult, by_hand: ByHand) -> None:
    tallies = (
        (result.by_code, lambda line: line.code),
        (result.by_outcome, lambda line: str(line.verdict.outcome)),
        (result.by_payer, lambda line: line.verdict.payer),
        (result.by_specialty, lambda line: line.charge.specialty),
        (result.by_ordering_provider, lambda line: line.charge.ordering_provider_npi),
        (result.by_rendering_provider, lambda line: line.charge.rendering_provider_npi),
        (tuple(each for each in result.by_month if each.lines), lambda line: line.charge.service_date[:7]),
    )
    for found, key in tallies:
        assert {each.key: tuple(astuple(each)[1:]) for each in found} == by_hand.by(key)
        assert all(one.key < other.key for one, other in pairwise(found))
    assert len(result.by_month) == 25


def assert_patterns_agree(result: AuditResult, by_hand: ByHand, rulebook: Rulebook) -> None:
    lines = by_hand.by(lambda line: line.charge.practice_line)
    denied = {name: sums for name, sums in lines.items() if sums[1]}
    assert {x.practice_line: (x.denied_lines, x.denied_cents, x.exposure_cents) for x in result.practice_lines} == {
        name: (sums[1], sums[4], sums[5]) for name, sums in denied.items()
    }
    assert all(sum(each.lines_by_month) == each.denied_lines for each in result.practice_lines)
    contracts = by_hand.by(lambda line: f"{line.charge.billing_provider_npi} {line.verdict.payer}")
    assert {f"{x.billing_provider_npi} {x.payer}": x.denied_cents for x in result.contracts} == {
        name: sums[4] for name, sums in contracts.items() if sums[1]
    }
    policies = Counter({(x.payer, x.policy, x.version, x.code, str(x.outcome)): x.lines for x in result.by_policy})
    assert policies == by_hand.policies()
    assert Counter({(x.payer, x.policy, x.reason, x.appeal): x.lines for x in result.denials}) == by_hand.denials()
    assert Counter({(x.status, x.problem): x.lines for x in result.agreements}) == by_hand.agreements()
    assert Counter({x.payer_id: x.lines for x in result.unknown_payers}) == by_hand.unknown(rulebook)
    patterns = {
        (x.ordering_provider_npi, x.payer): (x.unlisted_lines, x.after_targeted_lines, x.after_targeted_cents)
        for x in result.unlisted_patterns
    }
    assert patterns == by_hand.unlisted(rulebook)
    assert any(after for _, after, _ in patterns.values())
    assert_schedule_agrees(result, by_hand)


def assert_schedule_agrees(result: AuditResult, by_hand: ByHand) -> None:
    booked = [each for each in by_hand.booked if each.verdicts and each.denied]
    unsigned = [each for each in booked if each.verdict.agreement_status != "valid"]
    assert result.scheduled is not None
    assert result.scheduled.orders == len({each.charge.claim_id for each in by_hand.booked})
    assert result.scheduled.denied_orders == len({each.charge.claim_id for each in booked})
    assert result.scheduled.without_agreement_orders == len({each.charge.claim_id for each in unsigned})
    assert result.scheduled.estimate_cents == sum(each.cents for each in unsigned)
    assert Counter({each.code: each.procedures for each in result.scheduled.by_code}) == Counter(
        each.code for each in booked
    )
    assert sum(each.without_agreement for each in result.scheduled.by_week) == len(unsigned)


def test_neither_batches_nor_their_order_show(
    tmp_path: Path, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    charges, orders, agreements = practice(3)
    files = [tmp_path / "in" / f"{number}{ending}" for number, ending in enumerate(ENDINGS)]
    for number, file in enumerate(files):
        write_rows(file, Charge._fields, charges[number::3])
    write_rows(tmp_path / "o.csv", Charge._fields, orders)
    write_rows(tmp_path / "a.csv", SignedAgreement._fields, agreements)
    (tmp_path / "one").mkdir()
    plan = plan_of(tmp_path / "one", files, tmp_path / "o.csv", tmp_path / "a.csv", rulebook)
    first = encode(run_audit(plan, tmp_path / "one").result)

    def backwards(pieces: list[Piece], task: Task) -> list[Batch]:
        return [batch for piece in reversed(pieces) for batch in work(piece, task)]

    monkeypatch.setattr(csv_file.CsvFile.__init__, "__defaults__", (None, None, 4_000))
    monkeypatch.setattr(parquet_file.ParquetFile.__init__, "__defaults__", (7, None))
    monkeypatch.setattr(json_lines_file.JsonLinesFile.__init__, "__defaults__", (5,))
    (tmp_path / "two").mkdir()
    again = plan_of(tmp_path / "two", files[::-1], tmp_path / "o.csv", tmp_path / "a.csv", rulebook)
    assert encode(run_audit(again, tmp_path / "two", engine=backwards).result) == first  # type: ignore[arg-type]
