"""What a status means, and what it is not taken to mean."""

import pytest

from policywire.model.records import Outcome
from policywire.workbench.authoring.statuses import WORDS, Status, speaks_of_a_condition, status_of


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Not Medically Necessary", Outcome.NOT_MEDICALLY_NECESSARY),
        ("NMN", Outcome.NOT_MEDICALLY_NECESSARY),
        ("not_medically_necessary", Outcome.NOT_MEDICALLY_NECESSARY),
        ("Experimental/Investigational", Outcome.EXPERIMENTAL_INVESTIGATIONAL),
        ("E&I", Outcome.EXPERIMENTAL_INVESTIGATIONAL),
        ("Medically necessary when criteria are met", Outcome.CRITERIA_REQUIRED),
        ("covered", Outcome.COVERED),
        ("Individual Consideration", Outcome.REVIEW),
    ],
)
def test_usual_words_are_known(text: str, outcome: Outcome) -> None:
    assert status_of(text, WORDS) == Status(outcome)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("Not Medically Necessary (orthopaedic context)", "orthopaedic context"),
        ("Not medically necessary - knee only", "knee only"),
        ("NMN: for the knee", "for the knee"),
        ("covered if age > 18", "if age > 18"),
        ("Covered for members over 18", "for members over 18"),
    ],
)
def test_words_that_limit_a_status_are_kept_apart(text: str, limit: str) -> None:
    found = status_of(text, WORDS)
    assert found is not None
    assert found.limit == limit


@pytest.mark.parametrize("text", ["Not covered", "Excluded", "Denied", "Medically unlikely", "", "not covered (knee)"])
def test_words_that_may_mean_several_things_mean_nothing_until_somebody_says_so(text: str) -> None:
    assert status_of(text, WORDS) is None
    found = status_of(text, {**WORDS, "not covered": Outcome.NOT_MEDICALLY_NECESSARY})
    assert (found is not None) is text.startswith("Not covered") or text.startswith("not covered")


def test_no_status_means_that_no_policy_is_in_force() -> None:
    assert Outcome.NO_POLICY_IN_FORCE not in WORDS.values()


@pytest.mark.parametrize(
    ("note", "speaks"),
    [
        ("Different policy applies in oncology context", True),
        ("only when billed with 20610", True),
        ("except for trauma", True),
        ("No coverage pathway; claim denial expected", False),
        ("Policy does not describe any prior authorization pathway", False),
        ("", False),
    ],
)
def test_a_note_that_limits_a_status_is_noticed(note: str, speaks: bool) -> None:  # noqa: FBT001  a table's column
    assert speaks_of_a_condition(note) is speaks
