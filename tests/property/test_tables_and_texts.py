"""What is written is read back: tables in any layout, documents of any words, dates and amounts in any spelling."""

import csv
import io
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from ruamel.yaml import YAML

from policywire.model.codes import PROCEDURE_CODE
from policywire.model.records import Outcome
from policywire.rulebook.cases import Case, CaseLine, CasesDocument, Expectation
from policywire.rulebook.document import Citation, PolicyDocument, QuarantinedRow, RuleText
from policywire.rulebook.load import File, document_of
from policywire.workbench.authoring import remarks
from policywire.workbench.authoring.code_list import ListedCode
from policywire.workbench.authoring.listed_rules import rules_of
from policywire.workbench.authoring.periods import periods_of
from policywire.workbench.authoring.splice import Splice
from policywire.workbench.authoring.terms import Terms, policy_of, version_of
from policywire.workbench.authoring.yaml_text import document_text, scalar
from policywire.workbench.tables.cells import code_cell, date_cell, is_blank, money_cell
from policywire.workbench.tables.sheet import read_sheet

DAY = date(2026, 1, 1)
ANY_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
WORDS = st.text(st.sampled_from("abc XY:#-,'\"[]{}&*!|>%@`\\\t\n0.~?\u00e9\u2028\x07"), min_size=1, max_size=200)
TEXTS = st.one_of(
    ANY_TEXT, WORDS, st.sampled_from(["null", "true", "no", "1e2", "0565", "2026-01-01", " x", "~", "- a"])
)
CODES = st.from_regex(PROCEDURE_CODE, fullmatch=True).filter(str.isascii)


def document(texts: list[str], codes: list[str]) -> PolicyDocument:
    one, two, three, four = texts
    rule = RuleText(id="r", codes=tuple(codes), indication=one, outcome=Outcome.COVERED, rationale=two, cites=("s",))
    citation = Citation(id="s", title=three, source=four, kind="primary", retrieved=DAY)
    terms = Terms(
        payer="acme",
        payer_name="x",
        policy="AH 12",
        title=four,
        lines_of_business=("commercial",),
        citation=citation,
        summary=one,
        specialties=(two, three),
    )
    rows = (QuarantinedRow(id="row-2", text=one, why=two), QuarantinedRow(id="row-3", text=None, why=three))
    return policy_of(terms, (version_of(terms, DAY, None, (rule,), DAY),), (), rows)


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, min_size=4, max_size=4), st.lists(CODES, min_size=1, max_size=60, unique=True))
def test_a_document_of_any_words_reads_back_as_it_was(texts: list[str], codes: list[str]) -> None:
    made = document(texts, codes)
    text = document_text(made, remarks.POLICY, modeline="x", about=remarks.ABOUT_POLICY)
    assert document_of(File("policy.yaml", text.encode())) == made


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.booleans(), st.booleans())
def test_a_text_is_the_same_text_to_any_reader_of_yaml(text: str, quoted: bool, inside: bool) -> None:  # noqa: FBT001  drawn
    written = scalar(text, quoted=quoted, inside=inside)
    line = f"key: [{written}]\n" if inside else f"key: {written}\n"
    value = YAML(typ="safe", pure=True).load(line)["key"]
    assert (value[0] if inside else value) == text


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6, unique=True), st.data())
def test_an_entry_put_in_anywhere_leaves_the_others(names: list[str], data: st.DataObject) -> None:
    line = CaseLine(procedure_code="0565T", service_date=DAY)
    cases = tuple(Case(name=name, line=line, expect=Expectation(outcome=Outcome.COVERED)) for name in names)
    made = CasesDocument(payer="acme", policy="AH 12", cases=cases)
    text = document_text(made, remarks.CASES, modeline="x", about=remarks.ABOUT_CASES)
    place = data.draw(st.integers(0, len(names)))
    new = Case(name="put in", line=line, expect="no_determination")
    splice = Splice("cases.yaml", text)
    splice.insert("cases", place, [new], {})
    after = document_of(File("cases.yaml", splice.text().encode()))
    assert after == replace(made, cases=(*cases[:place], new, *cases[place:]))
    lines = iter(splice.text().split("\n"))
    assert all(each in lines for each in text.split("\n"))


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), max_size=12)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS).filter(lambda row: any(each.strip(" -") for each in row)), max_size=20),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_is_read_back_whatever_its_delimiter_and_encoding(
    rows: list[tuple[str, str, str]], delimiter: str, encoding: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("code", "status", "notes"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "codes.csv")
        path.write_bytes(text.getvalue().encode(encoding))
        sheet = read_sheet(path, is_header=lambda name: name in ("code", "status", "notes"))
        found = {row.number: row.cells for row in sheet.rows()}
    assert found == {number: row for number, row in enumerate(rows, 2) if not all(map(is_blank, row))}


DAYS = st.dates(date(1950, 1, 1), date(2199, 12, 31))


@given(DAYS)
def test_a_date_is_read_back_from_any_certain_spelling(day: date) -> None:
    spelled = [
        day.isoformat(),
        day.strftime("%Y%m%d"),
        f"{day.day} {day:%B} {day.year}",
        f"{day:%b} {day.day}, {day.year}",
        (day - date(1899, 12, 30)).days,
    ]
    assert [date_cell(each).value for each in spelled] == [day] * len(spelled)
    assert date_cell(f"{day.month}/{day.day}/{day.year}", "mdy").value == day
    assert date_cell(f"{day.day}.{day.month}.{day.year}", "dmy").value == day
    unsaid = date_cell(f"{day.month}/{day.day}/{day.year}")
    assert unsaid.value == day if day.day > 12 or day.day == day.month else unsaid.problem is not None


@given(st.integers(0, 10**14 - 1))
def test_an_amount_is_read_back_from_any_spelling(cents: int) -> None:
    amount = f"{cents // 100}.{cents % 100:02}"
    for each in (amount, f"${cents // 100:,}.{cents % 100:02}", f" {amount} USD"):
        assert money_cell(each).value == amount


@given(CODES)
def test_a_code_is_read_back_and_one_that_lost_its_zeros_is_not_guessed(code: str) -> None:
    assert code_cell(f" {code.lower()} ").value == code
    if code.isdigit():
        lost = code_cell(int(code))
        assert lost.value == (code if code[0] != "0" else None)
        assert (lost.problem is not None) is (code[0] == "0")


LISTED = st.builds(
    ListedCode,
    row=st.integers(2, 50),
    code=st.sampled_from(["0565T", "0566T", "20999", "J1234"]),
    indication=st.sampled_from(["", "knee", "hip"]),
    outcome=st.sampled_from([Outcome.COVERED, Outcome.REVIEW, Outcome.NOT_MEDICALLY_NECESSARY]),
    limit=st.sampled_from(["", "knee only"]),
    effective_from=st.dates(DAY, DAY + timedelta(days=6)),
    effective_through=st.none() | st.dates(DAY + timedelta(days=6), DAY + timedelta(days=12)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(LISTED, min_size=1, max_size=8))
def test_on_each_day_the_period_in_force_lists_what_the_rows_say(listed: list[ListedCode]) -> None:
    periods = periods_of(listed, "codes.csv")
    for offset in range(-1, 15):
        day = DAY + timedelta(days=offset)
        holding = [x for x in listed if x.effective_from <= day and (x.effective_through or date.max) >= day]
        begun = [each for each in periods if each.effective_from <= day]
        in_force = begun[-1] if begun and day <= (begun[-1].effective_through or date.max) else None
        said = [(each.code, each.outcome, each.limit) for each in in_force.listed] if in_force else []
        assert said == [(each.code, each.outcome, each.limit) for each in holding]


@settings(max_examples=200, deadline=None)
@given(st.lists(LISTED, min_size=1, max_size=8), st.booleans())
def test_each_code_is_decided_once_and_a_contradiction_is_never_settled(
    listed: list[ListedCode],
    as_listed: bool,  # noqa: FBT001  drawn
) -> None:
    ruled = rules_of(listed, "s", {}, as_listed=as_listed)
    decided = [code for rule in ruled.rules for code in rule.codes]
    assert sorted(decided) == sorted({each.code for each in listed})
    by_code = {code: rule.outcome for rule in ruled.rules for code in rule.codes}
    for code, outcome in by_code.items():
        said = {each.outcome for each in listed if each.code == code}
        first = next(each for each in listed if each.code == code)
        limited = first.limit and not as_listed
        assert outcome == (Outcome.REVIEW if len(said) > 1 or limited else first.outcome)


@pytest.mark.parametrize("indent", ["", "  "])
def test_lists_are_found_whatever_their_margin(indent: str) -> None:
    text = f"cases:\n{indent}- name: a\n{indent}  line: {{}}\nversions: []\n"
    splice = Splice("x", text)
    splice.insert("cases", 1, [{"name": "b"}], {})
    assert splice.text() == f"cases:\n{indent}- name: a\n{indent}  line: {{}}\n{indent}- name: b\nversions: []\n"
