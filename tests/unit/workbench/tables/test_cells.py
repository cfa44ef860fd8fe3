"""What is read from one cell, and what is refused rather than guessed."""

from datetime import date, datetime

import pytest

from policywire.workbench.tables.cells import DateOrder, code_cell, code_cells, date_cell, is_blank, money_cell, text_of


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0565T", "0565T"),
        (" 0565t\u00a0", "0565T"),
        ("\ufeff0565T\u200b", "0565T"),
        ("\uff10\uff15\uff16\uff15T", "0565T"),
        (20999, "20999"),
        (20999.0, "20999"),
        ("20999.0", "20999"),
        ("j1234", "J1234"),
        ("CPT 38230", "38230"),
        ("HCPCS: J1234", "J1234"),
    ],
)
def test_a_code_is_read_in_its_normal_form(written: object, code: str) -> None:
    cell = code_cell(written)
    assert (cell.value, cell.problem) == (code, None)


@pytest.mark.parametrize(
    ("written", "word", "said"),
    [
        (100, "lost-zeros", "perhaps it was 00100"),
        ("100", "lost-zeros", "3 digits where a code has 5"),
        (565.0, "lost-zeros", "perhaps it was 00565"),
        ("565T", "code-shape", "Perhaps 0565T is meant"),
        ("O565T", "code-shape", "Perhaps 0565T is meant"),
        ("20930-20934", "code-range", "each code in a row of its own"),
        ("20930 through 20934", "code-range", "each code in a row of its own"),
        ("see 20930 and 20934", "several-codes", "one code a row"),
        ("Smith et al., J Made Up 2019;12(3):45-67", "code-shape", "five characters"),
        (123456, "code-shape", "a number of 6 digits"),
        (0, "code-shape", "one digit"),
        ("#REF!", "code-shape", "five characters"),
        (True, "code-shape", "a yes or no"),
        (date(2025, 12, 16), "code-shape", "a date"),
    ],
)
def test_what_is_no_code_is_a_problem_with_a_mend(written: object, word: str, said: str) -> None:
    cell = code_cell(written)
    assert cell.value is None
    assert cell.problem is not None
    assert cell.problem.word == word
    assert said in f"{cell.problem.message}. {cell.problem.mend}"


def test_a_long_text_in_the_column_of_codes_is_not_repeated() -> None:
    problem = code_cell("Jane Doe, member 12345").problem
    assert problem is not None
    assert "Jane" not in problem.message + problem.mend


def test_a_number_that_is_a_whole_code_says_that_it_was_a_number() -> None:
    assert code_cell(20999).note == "it was written as a number"
    assert code_cell("20999").note == ""


@pytest.mark.parametrize("written", ["0565T, 0566T", "0565T;0566T", "0565T and 0566T", "0565T\n0566T", "0565t/0566t"])
def test_several_codes_of_one_cell_are_taken_apart(written: str) -> None:
    assert [cell.value for cell in code_cells(written)] == ["0565T", "0566T"]


def test_a_cell_with_a_code_and_something_else_is_not_taken_apart() -> None:
    (cell,) = code_cells("0565T, 566T")
    assert cell.problem is not None


@pytest.mark.parametrize("written", [None, "", "  ", "-", "n/a", "NULL", "\u2014", float("nan")])
def test_a_blank_cell_is_neither_a_value_nor_a_problem(written: object) -> None:
    assert is_blank(written)
    for cell in (code_cell(written), date_cell(written), money_cell(written)):
        assert (cell.value, cell.problem) == (None, None)


@pytest.mark.parametrize(
    "written",
    [
        "2025-12-16",
        "2025/12/16",
        "20251216",
        20251216,
        "12/16/2025",
        "16.12.2025",
        "Dec 16, 2025",
        "December 16th, 2025",
        "16 Dec 2025",
        "2025-12-16T23:59:59Z",
        "2025-12-16 00:00:00",
        46007,
        46007.75,
        date(2025, 12, 16),
        datetime(2025, 12, 16, 23, 59),  # noqa: DTZ001  as a spreadsheet has it
    ],
)
def test_a_date_is_read_however_it_is_written(written: object) -> None:
    assert date_cell(written).value == date(2025, 12, 16)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("01/02/2026", "date-ambiguous"),
        ("12/16/25", "date-short-year"),
        ("2025-02-30", "date-range"),
        ("13/13/2025", "date-range"),
        ("1850-01-01", "date-range"),
        (1, "date-range"),
        (-3, "date-range"),
        (10**9, "date-shape"),
        (True, "date-shape"),
        ("soon", "date-shape"),
        ("Foo 3, 2025", "date-shape"),
        ("46007", "date-shape"),
    ],
)
def test_what_is_no_certain_date_is_a_problem(written: object, word: str) -> None:
    cell = date_cell(written)
    assert cell.value is None
    assert cell.problem is not None
    assert cell.problem.word == word


@pytest.mark.parametrize("written", ["02/30/2026", "01/02/2026", "sometime in 2026"])
def test_no_message_repeats_a_date(written: str) -> None:
    problem = date_cell(written).problem
    assert problem is not None
    assert written not in problem.message + problem.mend


@pytest.mark.parametrize(("order", "day"), [("mdy", date(2026, 1, 2)), ("dmy", date(2026, 2, 1))])
def test_an_ambiguous_date_is_read_when_its_order_is_given(order: DateOrder, day: date) -> None:
    assert date_cell("01/02/2026", order).value == day
    assert date_cell("05/05/2026").value == date(2026, 5, 5)


def test_a_given_order_refuses_a_date_that_contradicts_it() -> None:
    assert date_cell("16/12/2025", "mdy").problem is not None
    assert date_cell("16/12/2025", "iso").problem is not None
    assert date_cell("2025-12-16", "iso").value == date(2025, 12, 16)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("$4,200.00", "4200.00"),
        ("4,200", "4200.00"),
        (4200, "4200.00"),
        (4200.5, "4200.50"),
        (0.1 + 0.2, "0.30"),
        ("USD 12.5", "12.50"),
        (".5", "0.50"),
        ("0", "0.00"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_an_amount_is_decimal_text_with_two_places(written: object, amount: str) -> None:
    cell = money_cell(written)
    assert (cell.value, cell.problem) == (amount, None)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("(12.00)", "money-negative"),
        ("-12.00", "money-negative"),
        ("12.00-", "money-negative"),
        (-12, "money-negative"),
        (4200.005, "money-fraction"),
        ("12.345", "money-fraction"),
        ("1000000000000.00", "money-range"),
        ("4.200,00", "money-shape"),
        ("4200,00", "money-shape"),
        ("1,23", "money-shape"),
        ("free", "money-shape"),
        ("$", "money-shape"),
        (True, "money-shape"),
        (float("inf"), "money-shape"),
    ],
)
def test_what_is_no_amount_is_a_problem(written: object, word: str) -> None:
    cell = money_cell(written)
    assert cell.value is None
    assert cell.problem is not None
    assert cell.problem.word == word


def test_text_has_one_blank_between_its_words() -> None:
    assert text_of("  a\t\u00a0b\n c ") == "a b c"
    assert text_of(7.0) == "7"
