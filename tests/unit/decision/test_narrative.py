"""What a narrative says: words and phrases, sentences, and what is denied in them."""

import pytest
from tests.unit.scenes import shipped

from policywire.decision.narrative import narrative_class
from policywire.rulebook.rulebook import NarrativeTerms


@pytest.fixture(scope="module")
def terms() -> NarrativeTerms:
    (policy,) = shipped().index["62308"]["20999"]
    assert policy.terms is not None
    return policy.terms


@pytest.mark.parametrize(
    "narrative",
    [
        "stem cell injection",
        "STEM CELLS",
        "Stem-Cell therapy",
        "stemcell",
        "stemcells",
        "mesenchymal",
        "MSC",
        "MSCs",
        "adsc",
        "ADSCs",
        "ADRC",
        "ADRCs",
        "regenerative cell",
        "regenerative cells",
        "BMAC",
        "cBMA",
        "marrow concentrate",
        "bone marrow concentrate",
        "bone-marrow aspirate",
        "concentrated bone marrow",
        "lipoaspirate",
        "stromal vascular",
        "stromal-vascular fraction (SVF)",
        "SVF",
        "nanofat",
        "adipose-derived",
        "fat derived",
        "Wharton's jelly",
        "Wharton" + chr(0x2019) + "s  jelly",
        "wharton s jelly",
        "umbilical cord blood",
        "knee:BMAC",
        "left/BMAC/right",
    ],
)
def test_a_product_is_named(narrative: str, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, narrative) == "product"


@pytest.mark.parametrize(
    "narrative",
    [
        "adipose",
        "fat graft",
        "fat-graft",
        "marrow",
        "amniotic membrane",
        "amnion",
        "placental",
        "umbilical",
        "exosome",
        "synovial membrane",
        "exosomes",
        "orthobiologic",
        "orthobiologics",
        "regenerative",
        "cell therapy",
        "cellular",
        "umbilical cord",
        "bone marrow",
        "regenerative medicine",
        "Whartons jelly, amniotic",
    ],
)
def test_a_hint_is_only_a_hint(narrative: str, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, narrative) == "hint"


@pytest.mark.parametrize(
    "narrative",
    [
        "excision of scar",
        "stem",
        "cell",
        "stem of the cell",
        "system cells",
        "MSCX",
        "xBMAC",
        "BMACs",
        "intracellular",
        "acellular",
        "fat",
        "graft",
        "synovial",
        "membrane",
        "stem. cell",
        "bone",
        "Whartons jelly",
        "---",
        "été",
    ],
)
def test_parts_of_words_and_phrases_across_sentences_name_nothing(narrative: str, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, narrative) == "other"


@pytest.mark.parametrize("narrative", [None, "", " ", "\t\r\n", "\u00a0"])
def test_a_blank_narrative_is_missing(narrative: str | None, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, narrative) == "missing"


@pytest.mark.parametrize("word", ["no", "not", "without", "never", "nor", "neither", "denies", "NO", "Without"])
def test_a_denied_product_does_not_count(word: str, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, f"{word} BMAC") == "other"
    assert narrative_class(terms, f"{word} one two BMAC") == "other"


def test_a_denial_reaches_three_words_and_no_further(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "no one two BMAC") == "other"
    assert narrative_class(terms, "no one two three BMAC") == "product"


def test_a_denial_after_the_product_does_not_reach_back(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "BMAC not used before") == "product"


@pytest.mark.parametrize("end", [".", ";", ":", "\n", "\r\n", "\r"])
def test_a_denial_ends_with_its_sentence(end: str, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, f"no graft{end} BMAC injection") == "product"


@pytest.mark.parametrize("within", [",", "-", "/", "(", "!", "?", "\t", "  "])
def test_other_marks_do_not_end_a_sentence(within: str, terms: NarrativeTerms) -> None:
    assert narrative_class(terms, f"no{within} BMAC injection") == "other"


def test_non_negates_only_what_directly_follows(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "non-BMAC injection") == "other"
    assert narrative_class(terms, "non stem cell") == "other"
    assert narrative_class(terms, "tibial non-union, BMAC injection") == "product"


def test_words_that_only_begin_like_a_denial_deny_nothing(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "notable nodule BMAC") == "product"


def test_one_product_that_counts_is_enough(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "no lipoaspirate; amniotic tissue; MSC given") == "product"
    assert narrative_class(terms, "no MSC. MSC given") == "product"


def test_a_product_beats_a_hint_wherever_it_stands(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "amniotic membrane, then BMAC") == "product"
    assert narrative_class(terms, "no BMAC; amniotic membrane") == "hint"


def test_a_denied_hint_does_not_count(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "without any amniotic membrane") == "other"


def test_what_denies_a_whole_phrase_denies_the_shorter_one_in_it(terms: NarrativeTerms) -> None:
    assert narrative_class(terms, "without use of bone marrow concentrate") != "product"
    assert narrative_class(terms, "without further use of bone marrow concentrate") == "product"
    assert narrative_class(terms, "use of marrow concentrate") == "product"
