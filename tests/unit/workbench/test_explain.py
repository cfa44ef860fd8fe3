"""A line explained: from events or options, why and why not, who pays, and what would flip the answer."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest
from tests.unit import scenes

from policywire.errors import BadInput
from policywire.model.events import AgreementRevoked, AgreementSigned, AppointmentBooked, ClaimDrafted
from policywire.workbench.explain import flips
from policywire.workbench.explain.described import Described, described_events
from policywire.workbench.explain.explanation import Explanation, PolicyAnswer, explain
from policywire.workbench.explain.recorded import Wanted, read_events, situation_of
from policywire.workbench.explain.situation import Situation

TODAY = date(2026, 1, 10)
SIGNED = {
    "event_id": "s",
    "event_type": "agreement.signed",
    "occurred_at": "2026-01-01T10:00:00Z",
    "member_id": "M-1",
    "agreement_id": "AGR-1",
    "payer_id": "62308",
    "procedure_codes": ["0565T"],
    "service_date_from": "2026-01-02",
    "service_date_through": "2026-01-02",
    "signed_at": "2026-01-01T09:00:00-05:00",
}


def content(*events: dict[str, Any]) -> bytes:
    return b"\n".join(msgspec.json.encode(each) for each in events)


def situation(*events: dict[str, Any], **wanted: Any) -> Situation:
    return situation_of(read_events(content(*events)).events, Wanted(**wanted), scenes.shipped())


def of(found: Situation, today: date = TODAY) -> PolicyAnswer:
    (answer,) = explain(found, scenes.shipped(), today).answers
    return answer


def described(code: str = "0565T", on: str = "2026-01-05", **fields: Any) -> Situation:
    line = Described(payer_id="62308", code=code, on=date.fromisoformat(on), **fields)
    return situation_of(described_events(line), Wanted(), scenes.shipped())


def told(answer: PolicyAnswer) -> list[tuple[tuple[str, ...], str | None, str | None]]:
    return [(other.kinds, other.outcome, other.liable) for other in answer.others]


def group_code(answer: PolicyAnswer) -> str | None:
    return answer.expected_denial.group_code if answer.expected_denial else None


def test_a_denied_line_says_which_rule_decided_and_who_pays() -> None:
    answer = of(described(charge="4200"))
    assert (answer.rule, answer.version, answer.outcome) == (
        "adipose-implant-knee",
        date(2025, 12, 16),
        "not_medically_necessary",
    )
    assert answer.rationale == "Not medically necessary under this version, whatever the diagnosis."
    assert (answer.liable, group_code(answer), answer.exposure_amount) == ("provider", "CO", "4200.00")
    assert answer.tried == ()


def test_the_smallest_changes_come_first_and_pairs_last() -> None:
    assert told(of(described())) == [
        (("agreement",), "not_medically_necessary", "patient"),
        (("date",), "experimental_investigational", "provider"),
        (("date",), "no_policy_in_force", None),
        (("line_of_business",), "review", None),
        (("agreement", "date"), "experimental_investigational", "patient"),
    ]


def test_the_nearest_date_is_told_with_how_far_it_is() -> None:
    (words,) = next(other.changes for other in of(described()).others if other.kinds == ("date",))
    assert words == "the date of service were 2025-12-15, 21 days earlier"


def test_an_agreement_for_a_service_that_is_past_comes_too_late() -> None:
    assert [other.too_late for other in of(described()).others if other.kinds == ("agreement",)] == [True]
    coming = of(described(on="2026-02-05"))
    assert [other.too_late for other in coming.others if other.kinds == ("agreement",)] == [False]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"agreement_signed": date(2026, 1, 5)}, "the agreement were confirmed as signed before the service"),
        ({"agreement_signed": date(2026, 1, 6)}, "the agreement had been signed by the day before the service"),
        (
            {"agreement_signed": date(2026, 1, 2), "agreement_codes": ("0566T",)},
            "the agreement also listed 0565T",
        ),
        (
            {"agreement_signed": date(2026, 1, 2), "agreement_revoked": date(2026, 1, 3)},
            "the agreement had not been revoked before the service",
        ),
    ],
)
def test_what_an_agreement_lacks_is_the_smallest_change(fields: dict[str, Any], words: str) -> None:
    answer = of(described(**fields))
    assert answer.agreement == "invalid"
    assert answer.others[0].changes == (words,)
    assert answer.others[0].liable == "patient"


def test_a_valid_agreement_is_what_the_liability_rests_on() -> None:
    answer = of(described(agreement_signed=date(2026, 1, 2)))
    assert (answer.agreement, answer.liable, group_code(answer)) == ("valid", "patient", "PR")
    assert (("agreement",), "not_medically_necessary", "provider") in told(answer)


def test_another_diagnosis_of_the_claim_flips_a_marrow_harvest() -> None:
    answer = of(described("38232", diagnoses=("M17.11", "C90.00"), pointers=(1,)))
    pointers = {other.outcome: other.changes[0] for other in answer.others if other.kinds == ("pointers",)}
    assert pointers == {
        "review": "the line also pointed at the claim's diagnosis C90.00",
        "other_policy": "the line pointed at the claim's diagnosis C90.00 alone",
    }
    facts = {fact.fact: (fact.value, fact.how) for fact in answer.facts}
    assert facts["clinical_context"] == ("orthopaedic", "M17.11 shows orthopaedic")
    assert [tried.rule for tried in answer.tried] == ["marrow-harvest-oncology"]


def test_a_context_that_only_the_taxonomy_suggests_is_said() -> None:
    answer = of(described("38232", taxonomy="207X00000X"))
    facts = {fact.fact: fact.how for fact in answer.facts}
    assert "no diagnosis shows it; the rendering provider's taxonomy 207X00000X" in facts["clinical_context"]


def test_a_narrative_is_read_and_never_repeated() -> None:
    found = explain(described("20999", narrative="secret knee words"), scenes.shipped(), TODAY)
    assert "secret" not in json.dumps(msgspec.to_builtins(found))
    assert ("narrative", "the narrative names no product of the policy") in [
        (fact.fact, fact.value) for fact in found.answers[0].facts
    ]
    assert (("narrative",), "not_medically_necessary", "provider") in told(found.answers[0])


def test_a_span_over_two_versions_is_flipped_by_billing_one_day() -> None:
    answer = of(described(on="2025-12-14", through=date(2025, 12, 17)))
    spans = {other.outcome for other in answer.others if other.kinds == ("span",)}
    assert answer.flags == ("span_crosses_versions",)
    assert answer.rule is None
    assert spans == {"experimental_investigational", "not_medically_necessary"}


def test_no_other_code_and_no_other_payer_is_ever_suggested() -> None:
    kinds = {kind for code in ("0565T", "20999", "38232") for x in of(described(code)).others for kind in x.kinds}
    assert kinds <= {"agreement", "pointers", "narrative", "date", "diagnosis", "line_of_business", "taxonomy"}


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ({"payer_id": "99"}, "No payer profile has the payer id 99, so nothing is decided for it. Other payers'"),
        ({"code": "99213"}, "No policy of Cigna Healthcare lists 99213 in any version. Not listed is not covered"),
        ({"code": "0565"}, "No policy of Cigna Healthcare lists 0565 in any version. Did you mean 0565T"),
        ({"code": "565T"}, "No policy of Cigna Healthcare lists 565T in any version. Did you mean 0565T"),
    ],
)
def test_where_no_policy_speaks_it_says_why(events: dict[str, str], why: str) -> None:
    given = {"payer_id": "62308", "code": "0565T", **events}
    line = Described(payer_id=given["payer_id"], code=given["code"], on=date(2026, 1, 5))
    found: Explanation = explain(
        situation_of(described_events(line), Wanted(), scenes.shipped()), scenes.shipped(), TODAY
    )
    assert found.answers == ()
    assert found.why_none is not None
    assert found.why_none.startswith(why)


def test_the_claim_stands_as_all_its_events_leave_it() -> None:
    drafted = scenes.claim(scenes.line("20999"), kind="drafted", at="2026-01-03T10:00:00Z")
    answer = of(situation(drafted, scenes.claim(), SIGNED))
    assert (answer.rule, answer.agreement) == ("adipose-implant-knee", "valid")
    assert answer.next_action == "bill_patient"


def test_agreements_of_another_member_do_not_count() -> None:
    assert of(situation(scenes.claim(), SIGNED | {"member_id": "M-2"})).agreement == "missing"


def test_a_voided_claim_is_explained_and_said_to_be_voided() -> None:
    found = situation(scenes.claim(), scenes.voided())
    assert explain(found, scenes.shipped(), TODAY).ended == "voided"
    assert of(found).rule == "adipose-implant-knee"


def test_a_claim_of_a_code_that_no_policy_lists_is_there_too() -> None:
    assert situation(scenes.claim(scenes.line("99213"))).item.procedure_code == "99213"


def test_an_appointment_is_explained_by_its_code() -> None:
    booked = scenes.visit("0565T", "0717T")
    answer = of(situation(booked, procedure_code="0717t"))
    assert (answer.rule, answer.agreement, answer.expected_denial) == ("adrc-rotator-cuff", "missing", None)
    with pytest.raises(BadInput, match=r"codes 0565T, 0717T\. Say with --code"):
        situation(booked)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "Say with --claim which claim is meant"),
        ({"claim_id": "C9"}, "There is no such claim"),
        ({"claim_id": "C1", "line_number": 3}, "The claim has the lines 1, 2. Say with --line"),
        ({"claim_id": "C1"}, "The claim has the lines 1, 2. Say with --line"),
        ({"claim_id": "C2"}, "2 members have a claim of that id. Say with --member"),
    ],
)
def test_a_line_that_cannot_be_told_is_asked_for(wanted: dict[str, Any], said: str) -> None:
    events = (
        scenes.claim(scenes.line(), scenes.line(number=2)),
        scenes.claim(claim_id="C2"),
        scenes.claim(claim_id="C2", member_id="M-2"),
    )
    with pytest.raises(BadInput, match=said):
        situation(*events, **wanted)


def test_an_event_over_several_lines_is_read_and_what_is_none_is_named_without_a_value() -> None:
    spread = json.dumps(scenes.claim(), indent=2).encode()
    assert len(read_events(spread).events) == 1
    mixed = read_events(content(scenes.claim()) + b'\n{"event_type":"claim.submitted","claim_id":"SECRET"}\n')
    assert len(mixed.events) == 1
    assert mixed.refused[0].startswith("line 2: schema_violation: ")
    with pytest.raises(BadInput, match="no event to explain") as refused:
        read_events(b'{"event_type":"claim.submitted","claim_id":"SECRET"}')
    assert "SECRET" not in str(refused.value)


def test_options_become_the_events_that_a_practice_would_send() -> None:
    line = Described(
        payer_id="62308",
        code="0565T",
        on=date(2026, 1, 5),
        charge="$4,200",
        stage="drafted",
        agreement_signed=date(2026, 1, 2),
        agreement_revoked=date(2026, 1, 3),
    )
    claim, signed, revoked = described_events(line)
    assert isinstance(claim, ClaimDrafted)
    assert claim.lines[0].charge_amount == "4200.00"
    assert isinstance(signed, AgreementSigned)
    assert isinstance(revoked, AgreementRevoked)
    (booked,) = described_events(Described(payer_id="62308", code="0565T", on=date(2026, 1, 5), stage="scheduled"))
    assert isinstance(booked, AppointmentBooked)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pointers": (2,), "diagnoses": ("M17.11",)}, "--pointer: Point only at diagnoses that the claim has"),
        ({"charge": "12.345"}, "--charge: Write: US dollars"),
        ({"through": date(2026, 1, 1)}, "--through: Let service_date_end be service_date or a later day"),
        ({"agreement_confirmed": True}, "needs --agreement-signed"),
        ({"stage": "scheduled", "units": 2.0}, "An appointment has no --units"),
    ],
)
def test_options_that_no_event_could_say_are_refused_by_name(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        described(**fields)


def test_where_pairs_are_too_many_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(described()).all_pairs_tried
    monkeypatch.setattr(flips, "PAIRS_TRIED_MAX", 3)
    answer = of(described())
    assert not answer.all_pairs_tried
    assert told(answer)[0] == (("agreement",), "not_medically_necessary", "patient")
