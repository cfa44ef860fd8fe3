"""Every doubtful document under tests/rules/lint gets exactly the findings of the linter that its own comments name."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from policywire.errors import Fault
from policywire.rulebook.load import File, document_of, files_in, read, read_rules
from policywire.workbench.lint.accepted import judged
from policywire.workbench.lint.findings import lint

RULES = Path(__file__).parents[3] / "rules"
DOUBTFUL = sorted((RULES / "lint").glob("*.yaml"))
GOOD = tuple(files_in(RULES / "synthetic"))
TODAY = date(2026, 1, 10)


def expected(document: Path) -> list[str]:
    return re.findall(r"^# must say: (.*)$", document.read_text(), re.MULTILINE)


def found(document: Path) -> list[Fault]:
    reading = read((*GOOD, File(document.name, document.read_bytes())))
    contents = {document.name: document.read_bytes()}
    faults = tuple(each for each in lint(reading, TODAY) if each.file == document.name)
    return [*(each for each in faults if each.severity == "fault"), *judged(_warnings(faults), contents).standing]


def _warnings(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    return tuple(each for each in faults if each.severity == "warning")


@pytest.mark.parametrize("document", DOUBTFUL, ids=lambda path: path.stem)
def test_a_doubtful_document_gets_all_its_findings_and_no_other(document: Path) -> None:
    said = [str(fault) for fault in found(document)]
    missing = [words for words in expected(document) if not any(words in fault for fault in said)]
    assert not missing, f"not said: {missing}\nbut: {said}"
    assert len(said) == len(expected(document)), said


@pytest.mark.parametrize("document", DOUBTFUL, ids=lambda path: path.stem)
def test_every_finding_has_a_line_a_column_and_a_mend(document: Path) -> None:
    for fault in found(document):
        assert re.match(rf"{re.escape(document.name)}:[1-9]\d*:[1-9]\d*: [a-z-]+: .+\. .+[.?]$", str(fault)), fault


def test_there_are_doubtful_documents() -> None:
    assert len(DOUBTFUL) >= 9


def test_both_places_of_a_contradiction_are_told() -> None:
    document = RULES / "lint" / "contradictory.yaml"
    reading = read((*GOOD, File(document.name, document.read_bytes())))
    told = [each for each in lint(reading, TODAY) if each.code == "contradictory-outcomes"]
    here = [each for each in told if each.file == document.name]
    there = [each for each in told if each.file != document.name]
    assert len(here) == len(there) == 3
    assert {Path(each.file).name for each in there} == {"policy.yaml"}
    for one, other in zip(here, sorted(there, key=lambda each: _named_line(each, document.name)), strict=True):
        assert f"{other.file}:{other.line}" in one.message
        assert f"{one.file}:{one.line}" in other.message


def _named_line(fault: Fault, file: str) -> int:
    return int(fault.message.split(f"({file}:")[1].split(")")[0])


def test_a_program_s_policies_are_looked_at_for_contradictions_alone() -> None:
    document = RULES / "lint" / "contradictory.yaml"
    content = msgspec.json.encode(document_of(File(document.name, document.read_bytes())))
    reading = read((*GOOD, File("made.json", content)))
    assert {each.code for each in lint(reading, TODAY) if each.file == "made.json"} == {"contradictory-outcomes"}


def test_what_loads_in_a_worker_is_not_linted() -> None:
    document = RULES / "lint" / "shadowed.yaml"
    reading = read_rules((*GOOD, File(document.name, document.read_bytes())))
    assert reading.rulebook is not None
    assert "shadowed" not in {each.code for each in (*reading.faults, *reading.warnings)}
