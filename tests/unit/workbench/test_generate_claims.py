"""Generated claims: the same for ever, good where they are meant to be, bad in every way where not."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from click.testing import CliRunner

from policywire.cli import main
from policywire.errors import BadInput
from policywire.model.decode import CLAIM_DECODER, EVENT_DECODER
from policywire.model.events import ClaimContent, ClaimEvent, ClaimReplaced, ClaimVoided
from policywire.model.records import Determination
from policywire.model.rejection import ErrorCode, Rejected
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.step import step
from policywire.workbench.generate import BAD_CLAIM_KINDS, ClaimMix, Published, generate_claims
from policywire.workbench.generate.practice import CIGNA, LISTED

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def decoded(events: Iterable[Published]) -> list[ClaimEvent]:
    return [CLAIM_DECODER.decode(event.value, event.key) for event in events]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    mix = ClaimMix(bad=0.1)

    assert list(generate_claims(500, 7, mix)) == list(generate_claims(500, 7, mix))
    assert list(generate_claims(500, 7, mix)) != list(generate_claims(500, 8, mix))


def test_every_good_event_is_accepted_with_its_key_and_has_an_id_of_its_own() -> None:
    events = decoded(generate_claims(5_000, 1, ClaimMix(hits=0.3)))

    assert len({event.event_id for event in events}) == 5_000


def test_events_come_in_the_order_of_their_time_within_the_days_asked_for() -> None:
    mix = ClaimMix(start=date(2026, 3, 1), end=date(2026, 3, 10))

    times = [event.occurred_at for event in decoded(generate_claims(2_000, 1, mix))]

    assert all(before <= after for before, after in pairwise(times))
    assert {time.date() for time in times} == {date(2026, 3, day) for day in range(1, 11)}


@pytest.mark.parametrize(("hits", "chance"), [(0.0, 0), (0.03, 0.006), (0.5, 0.016), (1.0, 0)])
def test_the_asked_share_of_claims_has_a_listed_code_under_cigna(hits: float, chance: float) -> None:
    contents = [
        each for each in decoded(generate_claims(10_000, 3, ClaimMix(hits=hits))) if isinstance(each, ClaimContent)
    ]

    share = sum(map(is_hit, contents)) / len(contents)

    assert share == pytest.approx(hits, abs=chance)


def is_hit(claim: ClaimContent) -> bool:
    return claim.payer_id == CIGNA and any(line.procedure_code.strip().upper() in LISTED for line in claim.lines)


def test_exactly_the_hits_lead_to_determinations() -> None:
    rulebook = load_rulebook(shipped("rules"))
    claims = decoded(generate_claims(1_000, 3, ClaimMix(hits=0.5, corrections=0)))

    for claim in claims:
        records = step(claim, None, rulebook, NOW).records
        assert isinstance(claim, ClaimContent)
        assert any(isinstance(record, Determination) for record in records) == is_hit(claim)


def test_hits_show_every_outcome_and_every_flag_of_the_policy() -> None:
    rulebook = load_rulebook(shipped("rules"))
    claims = decoded(generate_claims(3_000, 3, ClaimMix(hits=1, corrections=0)))

    records = [record for claim in claims for record in step(claim, None, rulebook, NOW).records]

    determinations = [record for record in records if isinstance(record, Determination)]
    assert {each.outcome.value for each in determinations} == {
        "not_medically_necessary",
        "experimental_investigational",
        "other_policy",
        "review",
        "no_policy_in_force",
    }
    assert {flag.value for each in determinations for flag in each.flags} == {
        "narrative_missing",
        "narrative_not_stem_cell",
        "narrative_ambiguous",
        "span_crosses_versions",
        "line_of_business_out_of_scope",
        "context_unknown",
        "context_mixed",
        "context_by_taxonomy",
        "prior_version_codes_unverified",
    }


def test_replaced_and_voided_claims_are_of_claims_that_were_sent_before() -> None:
    seen: set[tuple[str, str]] = set()
    corrected = Counter[type]()
    for event in decoded(generate_claims(5_000, 1, ClaimMix(hits=0.2, corrections=0.2))):
        if isinstance(event, ClaimReplaced | ClaimVoided):
            assert (event.claim_id, event.member_id) in seen
            corrected[type(event)] += 1
        seen.add((event.claim_id, event.member_id))

    assert corrected[ClaimReplaced] > corrected[ClaimVoided] > 100


def test_a_benchmark_claim_has_about_600_bytes() -> None:
    sizes = [len(event.value or b"") for event in generate_claims(5_000, 1, ClaimMix(corrections=0, untidy=0))]

    assert 570 < sum(sizes) / len(sizes) < 650


def test_every_kind_of_bad_event_comes_and_has_the_code_it_says() -> None:
    codes = {kind.name: kind.code for kind in BAD_CLAIM_KINDS}
    seen = set()
    for key, value, bad in generate_claims(len(BAD_CLAIM_KINDS), 1, ClaimMix(bad=1)):
        assert bad is not None
        seen.add(bad)
        if codes[bad] is ErrorCode.CLOCK_AHEAD:  # only a worker has a clock
            assert (CLAIM_DECODER.decode(value, key).occurred_at - datetime.now(UTC)).days > 1
            continue
        with pytest.raises(Rejected) as caught:
            CLAIM_DECODER.decode(value, key)
        assert caught.value.code is codes[bad], bad

    assert seen == set(codes)
    assert set(codes.values()) == set(ErrorCode) - {ErrorCode.PROCESSING_ERROR}


def test_without_kafka_keys_every_bad_event_is_bad_for_a_file_as_well() -> None:
    codes = {kind.name: kind.code for kind in BAD_CLAIM_KINDS}
    for _, value, bad in generate_claims(200, 1, ClaimMix(bad=1, keyed=False)):
        assert value is not None
        assert bad is not None
        assert b"\n" not in value
        with pytest.raises(Rejected) as caught:
            EVENT_DECODER.decode(value)
        assert caught.value.code is codes[bad], bad


def test_of_one_line_a_claim_every_hit_is_one_listed_line() -> None:
    mix = ClaimMix(hits=1, corrections=0, lines_max=1)

    claims = [each for each in decoded(generate_claims(2_000, 3, mix)) if isinstance(each, ClaimContent)]

    assert all(len(claim.lines) == 1 and is_hit(claim) for claim in claims)


def test_members_who_take_turns_have_three_claims_at_most() -> None:
    mix = ClaimMix(hits=1, corrections=0, lines_max=1, members=5_000, evenly=True)

    claims_of_each = Counter(event.key for event in generate_claims(3_000, 3, mix))

    assert set(claims_of_each.values()) == {3}


def test_bad_events_come_in_the_share_asked_for() -> None:
    bad = sum(event.bad is not None for event in generate_claims(20_000, 1, ClaimMix(bad=0.01)))

    assert bad == pytest.approx(200, abs=60)


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(BadInput, match="hits is a share"):
        next(generate_claims(1, 1, ClaimMix(hits=1.5)))


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(BadInput, match="last day is before"):
        next(generate_claims(1, 1, ClaimMix(start=date(2026, 2, 1), end=date(2026, 1, 1))))


def test_the_command_prints_one_json_object_a_line() -> None:
    result = CliRunner().invoke(main, ["generate", "claims", "--count", "50", "--bad", "0"])

    lines = result.stdout.splitlines()
    assert len(lines) == 50
    assert {json.loads(line)["member_id"][:2] for line in lines} == {"M-"}


def test_the_command_s_output_is_what_replay_reads(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("events") / "events.jsonl"
    runner = CliRunner()
    runner.invoke(main, ["generate", "claims", "--count", "300", "--hits", "0.2", "--bad", "0.2", "--out", str(file)])

    result = runner.invoke(main, ["replay", "--rules", str(shipped("rules")), str(file)])

    topics = Counter(json.loads(line)["topic"] for line in result.stdout.splitlines())
    assert result.exit_code == 0
    assert topics["determinations"] > 30
    assert 30 < topics["dead-letters"] < 90
