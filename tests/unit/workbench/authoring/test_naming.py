"""Names of folders and rules, made of people's words."""

import pytest

from policywire.workbench.authoring.naming import NAME_CHARACTERS_MAX, short_name, slug, unused


@pytest.mark.parametrize(("text", "name"), [("MM 0552", "mm-0552"), ("Caf\u00e9 / Knee", "cafe-knee"), ("\u819d", "")])
def test_a_slug_has_letters_digits_and_hyphens(text: str, name: str) -> None:
    assert slug(text) == name


def test_a_short_name_ends_with_a_whole_word_that_does_not_lead_on() -> None:
    name = short_name("regenerative cells from fat for a partial rotator cuff tear", "listed")
    assert name == "regenerative-cells-from-fat"
    assert len(name) <= NAME_CHARACTERS_MAX
    assert short_name("\u819d", "listed") == "listed"
    assert short_name("x" * 50, "listed") == "listed"
    assert short_name("of", "listed") == "of"


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert unused("knee", {"hip"}) == "knee"
    assert unused("knee", {"knee", "knee-2"}) == "knee-3"
