"""What a catalogue's row is told agrees with what is decided when its code is billed."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.scenes import shipped

from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.model.records import DENIED
from policywire.workbench.audit.catalogue import CatalogueRow, catalogue_findings

CODES = ("0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232", "99213", "27447")
FROM = date(2025, 12, 16)

billed = st.builds(
    Item,
    owner_id=st.just("CLM-1"),
    line_number=st.just(1),
    event_id=st.just("evt-1"),
    decided_for=st.just("2026-01-05T14:03:00Z"),
    payer_id=st.just("62308"),
    line_of_business=st.none(),
    procedure_code=st.sampled_from(CODES),
    first_day=st.shared(st.integers(0, 400), key="day").map(lambda days: FROM + timedelta(days)),
    last_day=st.shared(st.integers(0, 400), key="day").map(lambda days: FROM + timedelta(days)),
    diagnoses=st.lists(st.sampled_from(["M1711", "C9100", "Z5111", "M75111", "I10"]), max_size=3).map(tuple),
    taxonomy=st.sampled_from([None, "207RH0003X", "207X00000X", "363L00000X"]),
    narrative=st.sampled_from([None, "", "BMAC injection", "adipose", "removal of a device", "no stem cells used"]),
    charge=st.just("4200.00"),
    stage=st.just("submitted"),
)


@given(billed)
def test_what_is_to_be_removed_is_denied_however_it_is_billed(item: Item) -> None:
    findings = catalogue_findings([CatalogueRow("cdm.csv", 2, item.procedure_code)], shipped(), item.first_day)
    verdicts = determine(item, (), shipped())
    assert [each.policy for each in findings] == [each.policy_id for each in verdicts]
    for finding, verdict in zip(findings, verdicts, strict=True):
        assert finding.version == verdict.version
        assert verdict.outcome in finding.outcomes
        if finding.act == "remove":
            assert verdict.outcome in DENIED
