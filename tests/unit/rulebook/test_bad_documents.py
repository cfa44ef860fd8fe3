"""Every bad document under tests/rules/bad is refused with exactly the faults that its own comments name."""

import re
from pathlib import Path

import pytest

from policywire.rulebook.load import File, files_in, read

RULES = Path(__file__).parents[2] / "rules"
BAD = sorted((RULES / "bad").glob("*.yaml"))


def expected(document: Path) -> list[str]:
    return re.findall(r"^# must say: (.*)$", document.read_text(), re.MULTILINE)


def faults_of(document: Path) -> list[str]:
    good = tuple(files_in(RULES / "synthetic"))
    reading = read((*good, File(document.name, document.read_bytes())))
    return [str(fault) for fault in reading.faults if fault.file == document.name]


@pytest.mark.parametrize("document", BAD, ids=lambda path: path.stem)
def test_a_bad_document_is_refused_with_all_its_faults_at_once(document: Path) -> None:
    found = faults_of(document)
    missing = [words for words in expected(document) if not any(words in fault for fault in found)]
    assert not missing, f"not said: {missing}\nbut: {found}"
    assert len(found) == len(expected(document)), found


@pytest.mark.parametrize("document", BAD, ids=lambda path: path.stem)
def test_every_fault_has_a_line_a_column_and_a_mend(document: Path) -> None:
    for fault in faults_of(document):
        assert re.fullmatch(rf"{re.escape(document.name)}:[1-9]\d*:[1-9]\d*: [a-z-]+: .+\. .+[.?]", fault), fault


def test_there_are_bad_documents() -> None:
    assert len(BAD) > 25


def test_a_fault_stands_where_its_value_stands() -> None:
    fault = next(fault for fault in faults_of(RULES / "bad" / "unquoted-codes.yaml") if "0565T" in fault)
    line, column = map(int, fault.split(":")[1:3])
    text = (RULES / "bad" / "unquoted-codes.yaml").read_text().splitlines()[line - 1]
    assert text[column - 1 :].startswith("0565T")


def test_an_unknown_field_is_shown_at_its_key() -> None:
    fault = next(fault for fault in faults_of(RULES / "bad" / "fields.yaml") if "tilte" in fault)
    line, column = map(int, fault.split(":")[1:3])
    assert (RULES / "bad" / "fields.yaml").read_text().splitlines()[line - 1][column - 1 :].startswith("tilte:")
