"""Generated scheduling events: the same for ever, in a sensible order, good or bad as they are meant to be."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from policywire.cli import main
from policywire.errors import BadInput
from policywire.model.decode import EVENT_DECODER, SCHEDULING_DECODER
from policywire.model.events import (
    AgreementRevoked,
    AgreementSigned,
    AppointmentCancelled,
    AppointmentCompleted,
    AppointmentContent,
    AppointmentEnding,
    AppointmentRescheduled,
    ClaimContent,
    SchedulingEvent,
)
from policywire.model.records import Determination
from policywire.model.rejection import ErrorCode, Rejected
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.workbench.generate import (
    BAD_SCHEDULING_KINDS,
    BOOKINGS_AND_ENDINGS,
    ClaimMix,
    Published,
    SchedulingMix,
    generate_claims,
    generate_scheduling,
)
from policywire.workbench.generate.practice import CIGNA, LISTED
from policywire.workbench.replay import Replay

IN_TIME = SchedulingMix(late=0)


def decoded(events: Iterable[Published]) -> list[SchedulingEvent]:
    return [SCHEDULING_DECODER.decode(event.value, event.key) for event in events]


def is_hit(booking: AppointmentContent) -> bool:
    return booking.payer_id == CIGNA and any(code.strip().upper() in LISTED for code in booking.procedure_codes)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    mix = SchedulingMix(bad=0.1, late=0.1)

    assert list(generate_scheduling(500, 7, mix)) == list(generate_scheduling(500, 7, mix))
    assert list(generate_scheduling(500, 7, mix)) != list(generate_scheduling(500, 8, mix))


def test_every_good_event_is_accepted_with_its_key_and_has_an_id_of_its_own() -> None:
    events = decoded(generate_scheduling(5_000, 1, SchedulingMix(hits=0.3)))

    assert len({event.event_id for event in events}) == 5_000


def test_its_event_ids_are_not_those_of_the_claims_of_the_same_seed() -> None:
    claims = {json.loads(each.value or b"")["event_id"] for each in generate_claims(500, 1)}

    assert claims.isdisjoint(event.event_id for event in decoded(generate_scheduling(500, 1)))


def test_events_come_in_the_order_of_their_time_but_for_the_late_ones() -> None:
    mix = SchedulingMix(start=date(2026, 3, 1), end=date(2026, 3, 10), late=0)
    in_time = [event.occurred_at for event in decoded(generate_scheduling(2_000, 1, mix))]
    late = [event.occurred_at for event in decoded(generate_scheduling(2_000, 1, replace(mix, late=0.2)))]

    assert all(before <= after for before, after in pairwise(in_time))
    assert {time.date() for time in in_time} == {date(2026, 3, day) for day in range(1, 11)}
    assert sum(before > after for before, after in pairwise(late)) > 100


def test_some_endings_come_before_their_booking() -> None:
    booked: set[str] = set()
    early = 0
    for event in decoded(generate_scheduling(5_000, 1, SchedulingMix(late=0.2))):
        if isinstance(event, AppointmentContent):
            booked.add(event.appointment_id)
        early += isinstance(event, AppointmentEnding) and event.appointment_id not in booked

    assert early > 100


@pytest.mark.parametrize(("hits", "chance"), [(0.0, 0), (0.03, 0.006), (0.5, 0.02), (1.0, 0)])
def test_the_asked_share_of_appointments_and_of_their_endings_has_a_listed_code_under_cigna(
    hits: float, chance: float
) -> None:
    mix = replace(BOOKINGS_AND_ENDINGS, hits=hits)
    booked: dict[str, bool] = {}
    ended = []
    for event in decoded(generate_scheduling(15_000, 3, mix)):
        if isinstance(event, AppointmentContent):
            booked[event.appointment_id] = is_hit(event)
        elif isinstance(event, AppointmentEnding):
            ended.append(booked[event.appointment_id])

    assert sum(booked.values()) / len(booked) == pytest.approx(hits, abs=chance)
    assert sum(ended) / len(ended) == pytest.approx(hits, abs=chance * 1.4)


def test_what_is_measured_is_one_ending_for_every_two_appointments() -> None:
    kinds = Counter(type(event) for event in decoded(generate_scheduling(30_000, 1, BOOKINGS_AND_ENDINGS)))

    booked = sum(count for kind, count in kinds.items() if issubclass(kind, AppointmentContent))
    ended = sum(count for kind, count in kinds.items() if issubclass(kind, AppointmentEnding))
    assert booked + ended == 30_000
    assert abs(ended - booked / 2) <= 1


def test_an_appointment_is_ended_once_and_kept_or_missed_not_before_its_day() -> None:
    days: dict[str, date] = {}
    ended = Counter[str]()
    for event in decoded(generate_scheduling(20_000, 1, IN_TIME)):
        if isinstance(event, AppointmentContent):
            assert event.appointment_id not in ended
            assert event.service_date > event.occurred_at.date()
            days[event.appointment_id] = event.service_date
        elif isinstance(event, AppointmentEnding):
            ended[event.appointment_id] += 1
            if not isinstance(event, AppointmentCancelled):
                assert days[event.appointment_id] <= event.occurred_at.date()

    assert set(ended.values()) == {1}
    assert ended.total() > 5_000


def test_every_type_of_event_comes() -> None:
    mix = SchedulingMix(hits=0.3)

    kinds = {type(event).__struct_config__.tag for event in decoded(generate_scheduling(5_000, 1, mix))}

    assert kinds == SCHEDULING_DECODER._event_types


def test_a_moved_appointment_is_one_that_was_booked_before_with_the_same_codes() -> None:
    codes: dict[str, tuple[str, ...]] = {}
    moved = 0
    for event in decoded(generate_scheduling(5_000, 1, IN_TIME)):
        if isinstance(event, AppointmentRescheduled):
            assert codes[event.appointment_id] == event.procedure_codes
            moved += 1
        elif isinstance(event, AppointmentContent):
            codes[event.appointment_id] = event.procedure_codes

    assert moved > 100


def test_agreements_are_for_hits_and_revocations_for_agreements() -> None:
    hits: set[str] = set()
    signed: set[str] = set()
    for event in decoded(generate_scheduling(20_000, 1, replace(IN_TIME, hits=0.3))):
        if isinstance(event, AppointmentContent) and is_hit(event):
            hits.add(event.appointment_id.removeprefix("APT"))
        elif isinstance(event, AgreementSigned):
            assert event.agreement_id.removeprefix("AGR") in hits
            signed.add(event.agreement_id)
        elif isinstance(event, AgreementRevoked):
            assert event.agreement_id in signed

    assert len(signed) > 1_000


def test_agreements_show_every_problem_that_the_policy_knows() -> None:
    replay = Replay(load_rulebook(shipped("rules")))
    made = [
        record
        for line, event in enumerate(generate_scheduling(6_000, 1, SchedulingMix(hits=1, agreements=1, odd=1)))
        for record in replay.feed(line, event.value or b"")
    ]

    found = [each.financial_responsibility for each in made if isinstance(each, Determination)]

    assert {each.problem for each in found if each.status == "invalid"} == {
        "wrong_payer",
        "wrong_service",
        "wrong_date",
        "signed_after_service",
        "signed_on_service_day",
        "revoked",
    }
    assert {each.status for each in found} == {"valid", "missing", "invalid", "not_applicable"}


def test_a_member_of_both_topics_has_the_same_payer_in_both() -> None:
    claims = [EVENT_DECODER.decode(each.value or b"") for each in generate_claims(5_000, 1, ClaimMix(members=300))]
    payers = {
        each.member_id: (each.payer_id, each.line_of_business) for each in claims if isinstance(each, ClaimContent)
    }

    booked = [
        each
        for each in decoded(generate_scheduling(5_000, 2, SchedulingMix(members=300)))
        if isinstance(each, AppointmentContent)
    ]

    assert len({each.member_id for each in booked} & payers.keys()) == 300
    assert all(payers[each.member_id] == (each.payer_id, each.line_of_business) for each in booked)


def test_members_who_take_turns_have_three_booked_codes_at_most() -> None:
    mix = replace(BOOKINGS_AND_ENDINGS, hits=1, codes_max=1, members=3_335, evenly=True)
    codes = Counter[str]()
    for event in decoded(generate_scheduling(3_000, 1, mix)):
        if isinstance(event, AppointmentContent):
            codes[event.member_id] += len(event.procedure_codes)

    assert codes.total() == 2_000
    assert max(codes.values()) == 3


def test_completed_services_are_most_of_the_endings_once_the_first_days_have_passed() -> None:
    kinds = Counter(type(event) for event in decoded(generate_scheduling(20_000, 1, BOOKINGS_AND_ENDINGS)))

    assert kinds[AppointmentCompleted] > kinds[AppointmentCancelled] > 0


def test_every_kind_of_bad_event_comes_and_has_the_code_it_says() -> None:
    codes = {kind.name: kind.code for kind in BAD_SCHEDULING_KINDS}
    seen = set()
    for key, value, bad in generate_scheduling(len(BAD_SCHEDULING_KINDS), 1, SchedulingMix(bad=1)):
        assert bad is not None
        seen.add(bad)
        if codes[bad] is ErrorCode.CLOCK_AHEAD:  # only a worker has a clock
            assert (SCHEDULING_DECODER.decode(value, key).occurred_at - datetime.now(UTC)).days > 1
            continue
        with pytest.raises(Rejected) as caught:
            SCHEDULING_DECODER.decode(value, key)
        assert caught.value.code is codes[bad], bad

    assert seen == set(codes)
    assert set(codes.values()) == set(ErrorCode) - {ErrorCode.PROCESSING_ERROR}


def test_without_kafka_keys_every_bad_event_is_bad_for_a_file_as_well() -> None:
    codes = {kind.name: kind.code for kind in BAD_SCHEDULING_KINDS}
    for _, value, bad in generate_scheduling(200, 1, SchedulingMix(bad=1, keyed=False)):
        assert value is not None
        assert bad is not None
        assert b"\n" not in value
        with pytest.raises(Rejected) as caught:
            EVENT_DECODER.decode(value)
        assert caught.value.code is codes[bad], bad


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(BadInput, match="odd is a share"):
        next(generate_scheduling(1, 1, SchedulingMix(odd=1.5)))


def test_the_command_s_output_is_what_replay_reads(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("events") / "events.jsonl"
    runner = CliRunner()
    asked = ["--count", "300", "--hits", "0.2", "--bad", "0.2", "--out", str(file)]
    made = runner.invoke(main, ["generate", "scheduling", *asked])

    result = runner.invoke(main, ["replay", "--rules", str(shipped("rules")), str(file)])

    topics = Counter(json.loads(line)["topic"] for line in result.stdout.splitlines())
    assert (made.exit_code, result.exit_code) == (0, 0)
    assert topics["determinations"] > 20
    assert topics["alerts"] > 20
    assert 30 < topics["dead-letters"] < 90


@pytest.mark.parametrize(("first", "last"), [(date(1, 1, 1), date(2026, 1, 1)), (date(2026, 1, 1), date(9999, 12, 31))])
def test_days_beyond_the_contract_are_refused(first: date, last: date) -> None:
    with pytest.raises(BadInput, match="from 1901-01-01 to 2198-12-31"):
        list(generate_scheduling(10, 1, SchedulingMix(start=first, end=last)))


@pytest.mark.parametrize("first", [date(1901, 1, 1), date(2198, 12, 30)])
def test_at_the_edges_all_is_good(first: date) -> None:
    mix = SchedulingMix(start=first, end=first + timedelta(days=1))
    events = [SCHEDULING_DECODER.decode(each.value, each.key) for each in generate_scheduling(300, 1, mix)]
    assert len(events) == 300
