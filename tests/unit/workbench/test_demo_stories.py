"""The demo's four stories: played by the core alone, they are told as they should be."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from policywire.model.decode import EVENT_DECODER
from policywire.model.events import AnyEvent
from policywire.model.records import Record
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import check_rules
from policywire.workbench.demo.clock import DemoClock
from policywire.workbench.demo.expected import Expected
from policywire.workbench.demo.seen import decoded
from policywire.workbench.demo.show import show_policy_change, show_story
from policywire.workbench.demo.stories import (
    CLAIMS,
    FIRST_DAY,
    NEW_VERSION_DAY,
    POLICY_DAY,
    SCHEDULING,
    STORIES,
    closing,
    days,
    said_on,
)
from policywire.workbench.demo.successor import write_successor
from policywire.workbench.demo.telling import Ending, Saying, Teller, ending
from policywire.workbench.watchtest import run_watch_cases

Said = list[tuple[date, Record]]


@pytest.fixture(scope="module")
def changed_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changed") / "rules"
    write_successor(shipped("rules"), folder, published=POLICY_DAY, effective_from=NEW_VERSION_DAY)
    return folder


@pytest.fixture(scope="module")
def played(changed_rules: Path) -> Said:
    """Every record of the weeks with its day, as the audit log has them."""
    expected = Expected(load_rulebook(shipped("rules")), closing(FIRST_DAY))
    played: Said = []
    told: dict[str, int] = {}
    for day in days():
        expected.move_clock(closing(day))
        if day == POLICY_DAY:
            expected.change_rules(load_rulebook(changed_rules))
        for topic in (SCHEDULING, CLAIMS):
            expected.take(topic, said_on(day, topic))
        for key, records in expected.outcomes.said.items():
            played += [(day, decoded(each)) for each in records[told.get(key, 0) :]]
            told[key] = len(records)
    return played


def events_of(member_id: str) -> list[AnyEvent]:
    return [
        EVENT_DECODER.decode(each.value or b"")
        for day in days()
        for topic in (SCHEDULING, CLAIMS)
        for each in said_on(day, topic)
        if each.key == member_id.encode()
    ]


@pytest.fixture(scope="module")
def stories(played: Said) -> dict[str, tuple[list[Saying], Ending]]:
    teller = Teller()
    told = {}
    for story in STORIES:
        events = events_of(story.member_id)
        said = [(day, record) for day, record in played if record.member_id == story.member_id]
        told[story.member_id] = (list(teller.tell(events, said)), ending(events, said))
    return told


def of(sayings: list[Saying], who: str) -> Iterator[tuple[date, str]]:
    return ((each.day, each.text) for each in sayings if each.who == who)


def test_who_was_warned_in_time_signs_and_owes_and_the_practice_loses_nothing(
    stories: dict[str, tuple[list[Saying], Ending]],
) -> None:
    told, end = stories["M-DEMO-A"]
    missing = [(day, text) for day, text in of(told, "Front desk") if "agreement" in text]

    assert [(day.month, day.day, text.split(":")[0]) for day, text in missing] == [
        (2, 2, "info"),
        (2, 13, "warning"),
        (2, 24, "critical"),
        (2, 26, "settled"),
    ]
    assert "3 days before the service (was warning)" in missing[2][1]
    assert "Expect PR 50 with N492; do not appeal. Bill the patient" in dict(of(told, "policywire"))[date(2026, 3, 2)]
    assert end == Ending(Decimal("0.00"), Decimal("6500.00"))


def test_who_was_not_warned_in_time_is_a_charge_to_hold_and_then_to_write_off(
    stories: dict[str, tuple[list[Saying], Ending]],
) -> None:
    told, end = stories["M-DEMO-B"]
    billing = list(of(told, "Billing"))

    assert billing[0][0] == date(2026, 2, 18)
    assert "Hold the charge" in billing[0][1]
    assert "At risk: $4,200.00." in billing[0][1]
    assert billing[-1] == (date(2026, 2, 23), "settled: service without agreement, not billed yet.")
    answers = dict(of(told, "policywire"))
    assert "does not hold (signed after service)" in answers[date(2026, 2, 19)]
    assert "Expect CO 50 with N563; do not appeal. Write it off" in answers[date(2026, 2, 23)]
    assert end == Ending(Decimal("4200.00"), Decimal(0))


def test_coding_around_is_told_to_the_physician_until_it_is_given_up(
    stories: dict[str, tuple[list[Saying], Ending]],
) -> None:
    told, end = stories["M-DEMO-C"]

    physician = list(of(told, "Physician"))

    assert [day for day, _ in physician] == [date(2026, 2, 6), date(2026, 2, 17)]
    assert "coding around with an unlisted code does not change the outcome" in physician[0][1]
    assert physician[1][1] == "settled: unlisted substitution."
    assert end.at_risk == 0


def test_a_changed_policy_alters_what_is_booked_for_after_its_first_day_only(
    stories: dict[str, tuple[list[Saying], Ending]],
) -> None:
    told, _ = stories["M-DEMO-D"]
    answers = list(of(told, "policywire"))

    assert answers[1][0] == POLICY_DAY
    assert "criteria required per MM 0552, by rules sha256:" in answers[1][1]
    assert "(was: not medically necessary per Cigna MM 0552, by rules sha256:" in answers[1][1]
    assert answers[2][1].startswith("0718T on 12 Mar: not medically necessary")
    assert answers[3][1].startswith("0718T on 27 Mar: criteria required")
    assert any("A change of Cigna Healthcare MM 0552 alters" in text for _, text in of(told, "Front desk"))


def test_what_is_to_be_done_about_a_kind_of_alert_is_told_once(
    stories: dict[str, tuple[list[Saying], Ending]],
) -> None:
    texts = [each.text for told, _ in stories.values() for each in told]

    assert sum("Get the member's signed financial responsibility agreement" in text for text in texts) == 1
    assert sum("Booked without a valid agreement to pay" in text for text in texts) == 6


def test_a_day_on_which_only_time_passes_says_so(stories: dict[str, tuple[list[Saying], Ending]]) -> None:
    told, _ = stories["M-DEMO-A"]

    assert [text for day, text in of(told, "Practice") if day == date(2026, 2, 13)] == [
        "(nobody does anything; time passes)"
    ]


def test_the_readme_quotes_what_is_told(stories: dict[str, tuple[list[Saying], Ending]]) -> None:
    told = {f"{each.day.day} {each.day:%b} {each.who} {each.text}" for each in stories["M-DEMO-A"][0]}
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    quoted, day = [], ""
    for line in re.findall("^((?: |[0-9]).* (?:Practice|policywire|Front desk)  .*)$", readme, re.MULTILINE):
        day = line[:6].strip() or day
        quoted.append([f"{day} {line[8:18].strip()}", *(part.strip() for part in line[20:].split("..."))])

    assert len(quoted) == 6
    for parts in quoted:
        assert any(each.startswith(parts[0]) and all(part in each for part in parts) for each in told), parts


def test_every_event_of_the_stories_is_good_and_lies_before_the_clock_of_its_day() -> None:
    for day in days():
        for topic in (SCHEDULING, CLAIMS):
            for each in said_on(day, topic):
                event = EVENT_DECODER.decode(each.value or b"", each.key)
                assert event.occurred_at < closing(day)


def test_the_changed_rules_pass_the_gate_that_an_analyst_s_do(changed_rules: Path) -> None:
    reading = check_rules(changed_rules, POLICY_DAY)
    run = run_cases(reading) + run_watch_cases(reading)

    assert reading.faults == ()
    assert run.failed == 0


@pytest.mark.parametrize("width", [80, 120])
def test_a_story_fits_the_terminal(stories: dict[str, tuple[list[Saying], Ending]], played: Said, width: int) -> None:
    out = StringIO()
    console = Console(width=width, file=out)
    for member_id, (told, end) in stories.items():
        show_story(console, member_id, told, end)
    changes = [record for _, record in played if getattr(record, "kind", "") == "policy_changed"]
    show_policy_change(console, changes, {"sha256:0123456789abcdef": 12}, POLICY_DAY)  # type: ignore[arg-type]

    shown = out.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    assert "$4,200.00 at risk for the practice." in shown
    assert "sha256:0123456789ab" in shown


def test_the_demo_s_clock_stands_until_it_is_let_go(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "clock")
    noon = datetime(2026, 2, 2, 12, tzinfo=UTC)
    clock.set(noon)
    assert DemoClock(tmp_path / "clock")() == noon
    assert clock() == noon

    clock.let_go()

    assert noon < clock() < noon.replace(hour=13)
