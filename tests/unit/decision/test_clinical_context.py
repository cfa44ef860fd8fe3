"""The clinical context of a marrow harvest: its diagnoses first, the provider's taxonomy only when they are silent."""

import pytest
from tests.unit.scenes import Scene, decide, visit

from policywire.model.records import Flag, Outcome

OF_RULE = {
    "marrow-harvest-oncology": "oncology",
    "marrow-harvest-orthopaedic": "orthopaedic",
    "marrow-harvest-mixed": "mixed",
    "marrow-harvest-context-unknown": "unknown",
}


def context(*diagnoses: str, taxonomy: str | None = None, pointers: list[int] | None = None) -> str:
    of_claim = {"diagnoses": list(diagnoses), "rendering_provider": {"npi": None, "taxonomy": taxonomy}}
    return OF_RULE[str(decide("38230", of_claim=of_claim, diagnosis_pointers=pointers).policy.rule)]


@pytest.mark.parametrize(
    "diagnosis",
    [
        "C00.0",
        "C4A.0",
        "C4A",
        "C7A.00",
        "C7B.8",
        "C91.00",
        "C96.Z",
        "C96",
        "D00.00",
        "D09.9",
        "D37.01",
        "D45",
        "D46.9",
        "D48.9",
        "D49.9",
        "D55.0",
        "D57.1",
        "D60.9",
        "D61.9",
        "D64.0",
        "D64.4",
        "D64",
        "D70.1",
        "D72.0",
        "D72.10",
        "D72",
        "D76.1",
        "D77",
        "D80.0",
        "D81.9",
        "D84.9",
        "D89.9",
        "E71.520",
        "E71.529",
        "E75.21",
        "E75.29",
        "E76.01",
        "E76.219",
        "E77.0",
        "E77.1",
        "E85.81",
        "Q78.2",
        "T86.00",
        "T86.09",
        "T86.5",
        "Z48.290",
        "Z51.11",
        "Z51.12",
        "Z52.001",
        "Z52.011",
        "Z52.091",
        "Z52.3",
        "Z94.81",
        "Z94.84",
    ],
)
def test_what_marrow_is_transplanted_for_is_oncology(diagnosis: str) -> None:
    assert context(diagnosis) == "oncology"


@pytest.mark.parametrize(
    "diagnosis",
    [
        "M00.9",
        "M17.11",
        "M1A.00X0",
        "M1A",
        "M25.561",
        "M29",
        "M37",
        "M84.40XA",
        "M84.60XA",
        "M99.9",
        "S00.01XA",
        "S03.00",
        "S07.0",
        "S13.4",
        "S15.0",
        "S23.3",
        "S28.0",
        "S33.5",
        "S38.0",
        "S46.011A",
        "S83.241A",
        "S99.911A",
        "T14",
        "T14.8",
        "T14.90XA",
    ],
)
def test_muscles_bones_joints_and_injuries_are_orthopaedic(diagnosis: str) -> None:
    assert context(diagnosis) == "orthopaedic"


@pytest.mark.parametrize("diagnosis", ["M84.50XA", "M84.5", "M84.58XD", "M30.0", "M32.9", "M34.1", "M36.8"])
def test_tumour_fractures_and_systemic_connective_tissue_disease_count_as_both(diagnosis: str) -> None:
    assert context(diagnosis) == "mixed"


@pytest.mark.parametrize(
    "diagnosis",
    [
        "D3A.00",
        "D3A",
        "D10.0",
        "D36.9",
        "D50.0",
        "D53.9",
        "D62",
        "D63.1",
        "D64.81",
        "D64.89",
        "D64.9",
        "D65",
        "D69.6",
        "D72.810",
        "D72.829",
        "D72.9",
        "D78.01",
        "D86.0",
        "D86",
        "E71.50",
        "E75.00",
        "E75.3",
        "E76.1",
        "E77.8",
        "E85.4",
        "Q78.0",
        "T86.10",
        "T86.8",
        "T13",
        "T15.0",
        "S04.01XA",
        "S05.00",
        "S06.0X0A",
        "S14.0XXA",
        "S24.0",
        "S25.0",
        "S26.0",
        "S27.0XXA",
        "S34.01XA",
        "S35.0",
        "S36.00XA",
        "S37.00XA",
        "Z48.280",
        "Z51.0",
        "Z52.000",
        "Z52.008",
        "Z52.4",
        "Z94.0",
        "R52",
        "Z00.00",
        "L00",
        "N99",
        "C97",
        "C",
        "M",
        "",
        "???",
    ],
)
def test_any_other_diagnosis_says_nothing_of_the_context(diagnosis: str) -> None:
    assert context(diagnosis) == "unknown"


@pytest.mark.parametrize("broken_off", ["C9", "D6", "M1", "S8"])
def test_a_diagnosis_that_is_broken_off_before_its_category_ends_says_nothing(broken_off: str) -> None:
    assert context(broken_off) == "unknown"


@pytest.mark.parametrize("written", ["M17.11", "m17.11", "M1711", "m1711", " m17.11 "])
def test_a_diagnosis_is_read_dotted_or_not_in_any_case(written: str) -> None:
    assert context(written) == "orthopaedic"


def test_a_line_is_read_by_the_diagnoses_it_points_at() -> None:
    assert context("C91.00", "M17.11", pointers=[1]) == "oncology"
    assert context("C91.00", "M17.11", pointers=[2]) == "orthopaedic"
    assert context("C91.00", "M17.11", pointers=[2, 1]) == "mixed"
    assert context("C91.00", "M17.11", "R52", pointers=[3]) == "unknown"


def test_a_line_that_points_at_none_is_read_by_all_diagnoses_of_its_claim() -> None:
    assert context("C91.00", "M17.11", pointers=None) == "mixed"
    assert context("C91.00", "M17.11", pointers=[]) == "mixed"


@pytest.mark.parametrize("taxonomy", ["207RH0000X", "207RH0003X", "207RX0202X", "2080P0207X", " 207rh0003x "])
def test_without_a_telling_diagnosis_an_oncology_specialty_suggests_oncology(taxonomy: str) -> None:
    assert context("R52", taxonomy=taxonomy) == "oncology"


@pytest.mark.parametrize(
    "taxonomy",
    [
        "207X00000X",
        "207XX0005X",
        "208100000X",
        "2081P2900X",
        "207LP2900X",
        "207PS0010X",
        "207QS0010X",
        "207RS0010X",
        "2080S0010X",
        "2084P2900X",
        "208VP0000X",
        "208VP0014X",
    ],
)
def test_without_a_telling_diagnosis_an_orthopaedic_specialty_suggests_orthopaedic(taxonomy: str) -> None:
    assert context(taxonomy=taxonomy) == "orthopaedic"


@pytest.mark.parametrize("taxonomy", [None, "", "  ", "207R00000X", "207L00000X", "208D00000X", "2084N0400X", "208V"])
def test_any_other_specialty_leaves_the_context_unknown(taxonomy: str | None) -> None:
    assert context("R52", taxonomy=taxonomy) == "unknown"


def test_a_telling_diagnosis_beats_the_specialty() -> None:
    assert context("C91.00", taxonomy="207X00000X") == "oncology"
    assert context("C91.00", "M17.11", taxonomy="207X00000X") == "mixed"


def test_a_context_by_specialty_alone_is_flagged_and_one_by_diagnosis_is_not() -> None:
    provider = {"rendering_provider": {"taxonomy": "207X00000X"}}
    guessed = decide("38230", of_claim=provider | {"diagnoses": ["R52"]})
    assert guessed.flags == (Flag.CONTEXT_BY_TAXONOMY,)
    assert guessed.outcome == Outcome.NOT_MEDICALLY_NECESSARY
    assert decide("38230", of_claim=provider | {"diagnoses": ["M17.11"]}).flags == ()


def test_the_specialty_is_no_matter_for_codes_that_need_no_context() -> None:
    assert decide("0565T", of_claim={"rendering_provider": {"taxonomy": "207X00000X"}}).flags == ()


def test_an_appointment_is_read_by_all_its_diagnoses() -> None:
    assert Scene(visit("38230", diagnoses=["C91.00", "M17.11"])).determination.flags == (Flag.CONTEXT_MIXED,)
