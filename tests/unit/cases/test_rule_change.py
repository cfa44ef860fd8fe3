"""What a change of the rulebook does to appointments still to come, and what waits for the member's next event."""

from pathlib import Path
from shutil import copytree

import pytest
from msgspec.structs import replace
from tests.unit.scenes import RULES, Event, Scene, claim, ended, instant, shipped, visit

from policywire.cases import codec
from policywire.cases.timeline import Timeline
from policywire.model.records import Alert, Determination, Record
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, follow

KIND = "policy_affects_schedule"


@pytest.fixture(scope="session")
def covering(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The shipped rules, but the current version sends knee implants to review."""
    folder = Path(copytree(RULES, tmp_path_factory.mktemp("covering") / "rules"))
    policy, cases = folder / "cigna/mm-0552/policy.yaml", folder / "cigna/mm-0552/cases.yaml"
    earlier, current = policy.read_text().split('- effective_from: "2025-12-16"')
    changed = current.replace("outcome: not_medically_necessary", "outcome: review\n        flags: [context_mixed]", 1)
    assert changed != current
    policy.write_text(earlier + '- effective_from: "2025-12-16"' + changed)
    assert cases.exists()
    return load_rulebook(folder)


def at(timeline: Timeline, rulebook: Rulebook, now: str = "2026-01-10") -> Step:
    """What following a changed rulebook gives on a day."""
    return follow(timeline, rulebook, instant(now))


def timeline_of(*events: Event) -> Timeline:
    return Scene(*events).folding.timelines["M-1"]


def alerts(records: tuple[Record, ...]) -> dict[str, str]:
    return {each.kind: each.status for each in records if isinstance(each, Alert)}


def test_a_booked_service_whose_outcome_changes_is_decided_again_at_once(covering: Rulebook) -> None:
    given = at(timeline_of(visit("0565T", "0717T")), covering)
    (determination,) = [each for each in given.records if isinstance(each, Determination)]
    assert (determination.procedure_code, determination.outcome) == ("0565T", "review")
    assert {each.rulebook_revision for each in given.records} == {covering.revision}
    (alert,) = [each for each in given.records if isinstance(each, Alert) and each.kind == KIND]
    assert (alert.status, alert.severity, alert.procedure_codes) == ("open", "warning", ("0565T",))
    assert alert.subject.__class__.__name__ == "Appointment"


def test_a_booking_after_the_change_is_not_touched_by_it_though_its_member_was_last_looked_at_before(
    covering: Rulebook,
) -> None:
    scene = Scene(claim())
    scene.folding.rulebook = covering
    given = scene.then(visit())
    assert KIND not in alerts(given)
    assert alerts(given)["service_without_agreement"] == "resolved"  # the claim was decided anew all the same


def test_what_an_event_moves_is_not_taken_for_the_rulebooks_doing(covering: Rulebook) -> None:
    """The event comes before the lane has got round to the member; it ends as if the lane had been first."""
    moved = visit("0717T", at="2026-01-06T15:00:00Z", event_type="appointment.rescheduled", event_id="moved")
    late, prompt = Scene(visit("0718T")), Scene(visit("0718T"))
    late.folding.rulebook = prompt.folding.rulebook = covering
    prompt.folding.look_again()
    assert KIND not in alerts(late.then(moved))
    assert KIND not in alerts(prompt.then(moved))
    assert late.folding.timelines == prompt.folding.timelines


def test_an_event_that_ends_what_a_change_touched_says_both(covering: Rulebook) -> None:
    scene = Scene(visit())
    scene.folding.rulebook = covering
    given = [(each.kind, each.status) for each in scene.then(ended("cancelled")) if isinstance(each, Alert)]
    assert [status for kind, status in given if kind == KIND] == ["open", "resolved"]


def test_it_resolves_when_the_rules_are_put_back(covering: Rulebook) -> None:
    changed = at(timeline_of(visit()), covering).timeline
    assert changed is not None
    back = at(codec.decode(codec.encode(changed)), shipped())
    assert alerts(back.records)[KIND] == "resolved"
    assert back.timeline is not None
    assert not back.timeline.former


def test_it_compares_with_what_was_said_before_the_first_change(covering: Rulebook) -> None:
    timeline = at(timeline_of(visit()), covering).timeline
    assert timeline is not None
    assert [each.outcome for each in timeline.former["A1"]] == ["not_medically_necessary"]
    again = at(timeline, covering, "2026-01-11")
    assert again.records == ()
    assert again.timeline is timeline


def test_it_resolves_when_the_appointment_ends(covering: Rulebook) -> None:
    scene = Scene(visit())
    scene.folding.rulebook = covering
    assert alerts(scene.then(ended("cancelled", event_id="other", appointment_id="A2")))[KIND] == "open"
    assert alerts(scene.then(ended("completed")))[KIND] == "resolved"


def test_a_change_that_leaves_the_outcomes_alone_says_nothing(covering: Rulebook) -> None:
    given = at(timeline_of(visit("0717T")), covering)
    assert given.records == ()
    assert given.timeline is not None
    assert not given.timeline.former


def test_a_service_of_the_past_is_not_looked_at(covering: Rulebook) -> None:
    timeline = timeline_of(visit(day="2026-01-09"))
    assert at(timeline, covering).timeline is timeline
    today = at(timeline_of(visit(day="2026-01-10")), covering)
    assert KIND in alerts(today.records)


def test_a_claim_waits_for_its_members_next_event(covering: Rulebook) -> None:
    scene = Scene(claim())
    assert at(scene.folding.timelines["M-1"], covering).records == ()
    scene.folding.rulebook = covering
    scene.then(ended("no_show"))
    assert scene.determination.outcome == "review"


def test_a_payer_that_takes_another_name_is_called_by_it_in_what_stands_open() -> None:
    profile = shipped().payers["62308"]
    renamed = replace(
        shipped(),
        revision="sha256:renamed-renamed-renamed",
        payers=dict.fromkeys(shipped().payers, replace(profile, name="Another Name")),
    )
    given = at(timeline_of(visit("0565T")), renamed)
    messages = [each.message for each in given.records if isinstance(each, Alert)]
    assert len(messages) == 2
    assert all("Another Name" in message for message in messages)
    assert not [each for each in given.records if isinstance(each, Determination)]
