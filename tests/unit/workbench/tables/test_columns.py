"""Columns are found by what people call them, and asked about where that is not clear."""

import pytest

from policywire.errors import BadInput
from policywire.workbench.tables.columns import find_columns, folded

NAMES = {"code": ("procedure code", "cpt"), "status": ("coverage",), "notes": ()}


def found(*header: str, given: dict[str, str] | None = None, needed: tuple[str, ...] = ("code",)) -> dict[str, int]:
    return find_columns(header, NAMES, given=given or {}, needed=needed, where="codes.csv")


def test_case_blanks_and_punctuation_do_not_matter() -> None:
    assert found("Notes", " CPT ", "Coverage") == {"notes": 0, "code": 1, "status": 2}
    assert found("PROCEDURE_CODE") == {"code": 0}
    assert folded("  Proc-Code (CPT\u00ae) ") == "proc code cpt"


def test_the_likelier_name_is_taken_first() -> None:
    assert found("CPT", "Code")["code"] == 1


def test_a_column_that_is_given_is_taken_whatever_it_is_called() -> None:
    assert found("Proc", "CPT", given={"code": "proc"}) == {"code": 0}
    with pytest.raises(BadInput, match="no column 'Kode' for code; its columns are: Proc"):
        found("Proc", given={"code": "Kode"})


def test_one_column_is_never_two_things() -> None:
    assert found("Code", "Status", given={"notes": "Status"}) == {"notes": 1, "code": 0}


def test_a_column_that_is_needed_and_not_there_is_asked_for() -> None:
    with pytest.raises(BadInput, match=r"codes.csv has no column for code.*--column code=NAME"):
        found("Proc", "Status")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="2 columns that may be code"):
        found("Code", "CODE")
