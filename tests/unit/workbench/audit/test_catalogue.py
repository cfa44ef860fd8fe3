"""A catalogue's rows are told what policies ask of them, from when, and what to do."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from openpyxl import Workbook
from tests.unit.scenes import shipped

from policywire.errors import BadInput
from policywire.model.records import Outcome
from policywire.workbench.audit.catalogue import CatalogueRow, catalogue_findings
from policywire.workbench.audit.catalogue_file import read_catalogue
from policywire.workbench.audit.policies import audited_policies
from policywire.workbench.audit.result import CatalogueFinding

BEFORE, AFTER = date(2025, 12, 1), date(2026, 1, 15)
FIRST, SECOND = date(2020, 3, 15), date(2025, 12, 16)


def findings(*codes: str, as_of: date = AFTER) -> tuple[CatalogueFinding, ...]:
    rows = (CatalogueRow("cdm.csv", number, code) for number, code in enumerate(codes, 2))
    return catalogue_findings(rows, shipped(), as_of)


@pytest.mark.parametrize(
    ("code", "act"),
    [("0565T", "remove"), ("0718T", "remove"), ("38230", "route"), ("38232", "route"), ("20999", "require_agreement")],
)
def test_a_listed_code_is_told_what_to_do(code: str, act: str) -> None:
    (found,) = findings(code)
    assert (found.act, found.code, found.payer, found.policy) == (act, code, "cigna", "MM 0552")
    assert (found.version, found.through) == (SECOND, None)
    assert "Cigna Healthcare" in found.what_to_do
    assert "MM 0552" in found.what_to_do


def test_a_code_that_belongs_elsewhere_in_some_uses_is_never_to_be_removed() -> None:
    (found,) = findings("38230")
    assert Outcome.OTHER_POLICY in found.outcomes
    assert "Cigna stem cell transplantation policies" in found.what_to_do
    assert "Remove" not in found.what_to_do


def test_a_code_that_nobody_lists_asks_nothing() -> None:
    assert findings("99213", "27447") == ()


def test_a_coming_version_is_told_with_its_first_day() -> None:
    now, coming = findings("0565T", as_of=BEFORE)
    assert (now.version, now.through) == (FIRST, date(2025, 12, 15))
    assert (coming.version, coming.through) == (SECOND, None)
    assert " now," in now.what_to_do
    assert "from 2025-12-16" in coming.what_to_do


def test_a_version_that_is_over_asks_nothing() -> None:
    assert [each.version for each in findings("0565T", as_of=SECOND)] == [SECOND]
    assert [each.version for each in findings("0565T", as_of=date(2025, 12, 15))] == [FIRST, SECOND]


def test_a_version_without_a_last_day_ends_when_the_next_begins() -> None:
    rulebook = shipped()
    ((payer_id, codes),) = rulebook.index.items()
    (policy,) = codes["0565T"]
    old, new = policy.versions
    open_ended = replace(policy, versions=(replace(old, effective_through=None), new))
    changed = replace(rulebook, index={payer_id: {"0565T": (open_ended,)}})
    now, _ = catalogue_findings([CatalogueRow("cdm.csv", 2, "0565T")], changed, BEFORE)
    assert now.through == date(2025, 12, 15)
    assert len(catalogue_findings([CatalogueRow("cdm.csv", 2, "0565T")], changed, SECOND)) == 1


def test_rows_keep_their_order_and_number() -> None:
    assert [(each.row, each.code) for each in findings("38232", "99213", "0565T")] == [(2, "38232"), (4, "0565T")]


CSV = """Charge master 2026

Item;Description;CPT;HCPCS Code;Price
1;knee;0565T-RT;;4200
2;bed;;;10
3;short;565;;3
4;marrow;38230;38230;1
5;word;abc;;
6;two;0717T, 0718T;;
"""


def catalogue(tmp_path: Path, text: str = CSV) -> Path:
    path = tmp_path / "cdm.csv"
    path.write_text(text)
    return path


def test_codes_are_found_whatever_their_columns_are_called(tmp_path: Path) -> None:
    read = read_catalogue(catalogue(tmp_path))
    assert [(each.row, each.code) for each in read.rows] == [(4, "0565T"), (7, "38230"), (9, "0717T"), (9, "0718T")]


def test_every_row_is_good_or_bad_and_a_bad_one_says_where_and_why(tmp_path: Path) -> None:
    read = read_catalogue(catalogue(tmp_path))
    assert (read.file.rows, read.file.good, read.file.bad) == (6, 4, 2)
    assert [(each.row, each.column, each.problem) for each in read.rejects] == [
        (6, "CPT", "lost-zeros"),
        (8, "CPT", "code-shape"),
    ]
    rejected = [each for each in read.problems if each.effect == "rejected"]
    assert [(each.problem, each.count, each.places) for each in rejected] == [
        ("lost-zeros", 1, ("row 6, column CPT",)),
        ("code-shape", 1, ("row 8, column CPT",)),
    ]
    assert any("the header is row 3" in each.mend for each in read.problems if each.effect == "noted")


def test_a_row_is_used_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    read = read_catalogue(catalogue(tmp_path, "CPT,HCPCS\n0565T,abc\n"))
    assert read.rows == ()
    assert (read.file.bad, read.rejects[0].column) == (1, "HCPCS")


def test_many_bad_rows_are_counted_and_only_the_first_are_named(tmp_path: Path) -> None:
    read = read_catalogue(catalogue(tmp_path, "Item,CPT\n" + "\n".join(f"{place},x{place}" for place in range(500))))
    (problem,) = read.problems
    assert problem.count == read.file.bad == len(read.rejects) == 500
    assert problem.places == tuple(f"row {row}, column CPT" for row in range(2, 7))


def test_a_spreadsheet_is_read_too(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Order set", "Procedure Code"), ("Shoulder", "0717T"), ("Other", 20999)):
        sheet.append(row)
    book.save(tmp_path / "orders.xlsx")
    read = read_catalogue(tmp_path / "orders.xlsx")
    assert [(each.row, each.code) for each in read.rows] == [(2, "0717T"), (3, "20999")]


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text('[{"name": "a", "codes": ["0565T", "0566T"]}, {"name": "b"}]')
    read = read_catalogue(path)
    assert [(each.row, each.code) for each in read.rows] == [(1, "0565T"), (1, "0566T")]
    assert (read.file.rows, read.file.bad) == (2, 0)


def test_a_column_can_be_named(tmp_path: Path) -> None:
    path = catalogue(tmp_path, "Charge Code,Billed As\nA-17,0565T\n")
    assert [each.code for each in read_catalogue(path, columns=["billed as"]).rows] == ["0565T"]
    with pytest.raises(BadInput, match=r"no column 'Sold As'; its columns are: Charge Code, Billed As"):
        read_catalogue(path, columns=["Sold As"])


def test_a_table_without_codes_says_what_it_has_and_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"its columns are: Item, Price. Say which it is: --catalogue-column NAME"):
        read_catalogue(catalogue(tmp_path, "Item,Price\n1,2\n"))


def test_a_policy_is_told_as_of_a_day() -> None:
    (now,) = audited_policies(shipped(), [("cigna", "MM 0552")] * 2, AFTER)
    assert (now.payer_name, now.bucket, now.appeal) == ("Cigna Healthcare", "MM 0552", "do_not_appeal")
    assert now.denial_reason == "not medically necessary per Cigna MM 0552"
    assert (now.versions, now.quarantined_rows, now.source_conflicts) == ((FIRST, SECOND), 1, 3)
    (before,) = audited_policies(shipped(), [("cigna", "MM 0552")], BEFORE)
    assert before.denial_reason == "experimental or investigational per Cigna MM 0552"
    (early,) = audited_policies(shipped(), [("cigna", "MM 0552")], date(2019, 1, 1))
    assert (early.bucket, early.denial_reason, early.appeal) == (None, None, None)
    assert audited_policies(shipped(), [("cigna", "nothing")], AFTER) == ()
