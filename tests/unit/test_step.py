"""The one pure step: what it gives back beside records, and what a look at the clock or a new rulebook does."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.unit.scenes import RULES, Event, claim, ended, instant, line, shipped, signed, visit, voided

from policywire import step as module
from policywire.cases import codec
from policywire.cases.timeline import Timeline
from policywire.model.decode import EVENT_DECODER
from policywire.model.events import AnyEvent
from policywire.model.records import Determination
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, step, tick

NOW = instant("2026-01-20")


def decoded(event: Event) -> AnyEvent:
    return EVENT_DECODER.decode(json.dumps(event).encode())


def stepped(event: Event, timeline: Timeline | None = None, rulebook: Rulebook | None = None) -> Step:
    return step(decoded(event), timeline, rulebook or shipped(), NOW)


def remembered(*events: Event) -> Timeline:
    timeline = None
    for event in events:
        timeline = stepped(event, timeline).timeline
    assert timeline is not None
    return timeline


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str, str], Rulebook]:
    """Makes a rulebook from the rules that ship with one text in one file changed."""

    def change(file: str, old: str, new: str) -> Rulebook:
        shutil.copytree(RULES, tmp_path, dirs_exist_ok=True)
        text = (tmp_path / file).read_text()
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new))
        return load_rulebook(tmp_path)

    return change


def test_the_same_arguments_give_the_same_step() -> None:
    timeline = remembered(visit("0565T"), claim(at="2026-01-04T00:00:00Z"))
    before = codec.encode(timeline)
    event = claim(line("20999"))
    assert stepped(event, timeline) == stepped(event, timeline)
    assert codec.encode(timeline) == before


def test_an_event_that_changes_nothing_gives_back_the_very_same_timeline() -> None:
    harvest = line("38230")
    timeline = remembered(claim(harvest))
    for event in (claim(harvest), claim(harvest, at="2026-01-01T00:00:00Z"), claim(line("99213"), claim_id="C2")):
        given = stepped(event, timeline)
        assert given.timeline is timeline
        assert given.records == ()
        assert given.due == stepped(claim(harvest)).due


def test_a_claim_that_no_policy_names_is_counted_and_not_remembered() -> None:
    given = stepped(claim(line("99213"), line("27447", number=2)))
    assert given == Step(None, undecided_lines=2)


def test_undecided_lines_are_counted_beside_decided_ones() -> None:
    assert stepped(claim(line("0565T"), line(" 99213 ", number=2))).undecided_lines == 1
    assert stepped(visit("0565T", "99213", "27447")).undecided_lines == 2


def test_a_listed_code_under_an_unknown_payer_id_is_counted_apart() -> None:
    given = stepped(claim(line(" 0565t "), line("99213", number=2), payer_id="60054"))
    assert (given.timeline, given.records) == (None, ())
    assert (given.undecided_lines, given.unmapped_codes) == (2, 1)
    assert stepped(visit("0565T", "0566T", payer_id="60054")).unmapped_codes == 2
    assert stepped(claim()).unmapped_codes == 0


def test_endings_and_agreements_count_no_lines() -> None:
    given = stepped(signed("99213", payer_id="60054"))
    assert (given.undecided_lines, given.unmapped_codes) == (0, 0)
    assert stepped(voided()).undecided_lines == 0


def test_due_is_the_next_utc_day_on_which_time_alone_changes_something() -> None:
    given = stepped(visit("0565T", day="2026-02-10"))
    assert given.due == instant("2026-01-27")
    assert given.timeline is not None
    later = tick(given.timeline, shipped(), instant("2026-01-27"))
    assert later.due == instant("2026-02-07")
    assert [each.status for each in later.records] == ["open"]


def test_a_look_before_anything_is_due_says_nothing() -> None:
    given = stepped(visit("0565T", day="2026-02-10"))
    assert given.timeline is not None
    early = tick(given.timeline, shipped(), instant("2026-01-26T23:59:59+00:00"))
    assert early.timeline is given.timeline
    assert early.records == ()


def test_a_look_twice_on_one_day_says_nothing_the_second_time() -> None:
    first = tick(remembered(visit("0565T")), shipped(), instant("2026-02-08"))
    assert first.records != ()
    assert first.timeline is not None
    assert tick(first.timeline, shipped(), instant("2026-02-08")).records == ()


def test_a_rulebook_of_another_revision_that_says_the_same_gives_no_records() -> None:
    timeline = remembered(visit("0565T"), claim())
    renamed = msgspec.structs.replace(shipped(), revision="sha256:" + "0" * 64)
    given = tick(timeline, renamed, NOW)
    assert given.records == ()
    assert given.timeline is not None
    assert stepped(claim(), given.timeline, renamed).records == ()


def test_a_rulebook_that_says_something_else_is_heard_at_the_next_look(
    changed: Callable[[str, str, str], Rulebook],
) -> None:
    other = changed("cigna/mm-0552/policy.yaml", "prior_authorization: no_pathway", "prior_authorization: required")
    timeline = remembered(visit("0565T"), claim())
    records = [each for each in tick(timeline, other, NOW).records if isinstance(each, Determination)]
    assert [each.prior_authorization for each in records] == ["required", "required"]
    assert {each.rulebook_revision for each in records} == {other.revision}


def test_a_rulebook_that_says_something_else_is_heard_at_the_members_next_event_even_a_repeated_one(
    changed: Callable[[str, str, str], Rulebook],
) -> None:
    other = changed("cigna/mm-0552/policy.yaml", "prior_authorization: no_pathway", "prior_authorization: required")
    (record,) = stepped(claim(), remembered(claim()), other).records
    assert isinstance(record, Determination)
    assert record.prior_authorization == "required"


def test_a_payer_id_that_is_gone_withdraws_and_resolves_what_stood(
    changed: Callable[[str, str, str], Rulebook],
) -> None:
    other = changed("cigna/payer.yaml", 'payer_ids: ["62308"]', 'payer_ids: ["00000"]')
    records = tick(remembered(claim()), other, NOW).records
    assert [each.status for each in records] == ["withdrawn", "resolved"]


def test_every_record_carries_the_revision_of_the_one_rulebook_that_made_it() -> None:
    records = stepped(claim()).records
    assert {each.rulebook_revision for each in records} == {shipped().revision}


def test_a_record_id_is_stable_and_tells_members_and_subjects_apart() -> None:
    def ids(event: Event) -> set[str]:
        return {each.determination_id for each in stepped(event).records if isinstance(each, Determination)}

    assert ids(claim()) == ids(claim(line("0717T"), at="2026-01-06T00:00:00Z", kind="replaced"))
    different = [claim(), claim(member_id="M-2"), claim(claim_id="C2"), claim(line(number=2)), visit("0565T")]
    assert len(set().union(*map(ids, different))) == len(different)


def test_a_now_that_goes_back_loses_nothing_and_the_later_one_gives_the_same_as_before() -> None:
    """Whoever calls keeps now from going back (policywire.stream.clock); if it does all the same, time heals it."""
    timeline = remembered(visit(day="2026-02-01"), claim(line(day="2025-01-18"), at="2025-01-19T00:00:00Z"))
    assert severities(timeline) == {"expected_denial_scheduled": "warning", "agreement_missing": "warning"}
    earlier = tick(timeline, shipped(), instant("2026-01-10")).timeline or timeline
    later = tick(earlier, shipped(), NOW).timeline
    assert later == timeline
    back = step(decoded(signed("0717T")), timeline, shipped(), instant("2026-01-10"))
    assert back.timeline is not None
    assert severities(back.timeline)["agreement_missing"] == "info"
    assert severities(back.timeline)["service_without_agreement"] == "critical"  # a year is not over yet
    assert back.due is not None
    again = tick(back.timeline, shipped(), NOW).timeline
    assert again is not None
    assert severities(again) == severities(timeline)
    assert again.claims == timeline.claims
    assert again.verdicts == stepped(signed("0717T"), timeline).timeline.verdicts  # type: ignore[union-attr]  # kept


def severities(timeline: Timeline) -> dict[str, str]:
    """How loud each kind of alert is that is open."""
    return {notice.kind: notice.severity for notice in timeline.notices}


@pytest.mark.parametrize(
    "ending",
    [
        ended("completed", at="2026-01-10T10:00:00Z", appointment_id="unknown"),
        ended("cancelled", at="2023-12-10T10:00:00Z", appointment_id="unknown"),
        voided(at="2027-12-31T23:00:00-05:00", claim_id="unknown"),
    ],
)
@pytest.mark.parametrize("known", [(), (visit("0565T", "0717T"), claim(at="2026-01-04T00:00:00Z"), signed())])
def test_an_ending_of_something_unknown_leaves_what_a_look_at_everything_would(
    ending: Event, known: tuple[Event, ...]
) -> None:
    given = stepped(ending, remembered(*known) if known else None)
    assert given.timeline is not None
    everything = module._look(given.timeline, given.timeline, shipped(), NOW.date())
    assert given.records == everything.records == ()
    assert given.timeline == everything.timeline
    assert given.due == everything.due
