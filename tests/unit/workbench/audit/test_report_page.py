"""The report of an audit holds exactly what the audit found, needs nothing else, and runs nobody's script."""

import re
import warnings
from functools import cache
from itertools import pairwise

import pytest
from msgspec.structs import replace
from tests.unit.workbench.audit import results
from tests.unit.workbench.audit.reading import Read

from policywire.workbench.audit.report.page import report_page
from policywire.workbench.audit.report.tables import Shown
from policywire.workbench.audit.report.wording import count, dollars, month
from policywire.workbench.audit.result import AuditResult, Tally

MADE = {"full": results.audit, "empty": results.empty, "huge": results.huge}


@cache
def page(name: str = "full", *, suppress_below: int = 0) -> str:
    return report_page(MADE[name](), Shown(suppress_below=suppress_below), "Synthetic data.")


@pytest.mark.parametrize("name", MADE)
def test_a_report_is_whole_in_itself(name: str) -> None:
    read = Read(page(name))
    assert read.unbalanced == []
    assert {each.tag for each in read.elements} & {"script", "iframe", "object", "img", "form"} == set()
    asked = [value for each in read.elements for key, value in each.attributes.items() if key in ("href", "src")]
    assert asked != []
    assert [each for each in asked if not each.startswith(("#", "data:,"))] == []
    assert re.findall(r"https?://", page(name)) == []
    assert "@import" not in page(name)


@pytest.mark.parametrize("name", MADE)
def test_every_link_leads_somewhere_and_every_id_is_one(name: str) -> None:
    read = Read(page(name))
    ids = [each.attributes["id"] for each in read.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    leads = [each.attributes["href"][1:] for each in read.all("a") + read.all("use")]
    clips = re.findall(r"url\(#([^)]+)\)", page(name))
    named = [one for each in read.elements for one in each.attributes.get("aria-labelledby", "").split()]
    assert set(leads) | set(clips) | set(named) <= set(ids)


def figures(tally: Tally) -> dict[str, str]:
    return {
        "Lines": count(tally.lines),
        "Denied lines": count(tally.denied_lines),
        "To look at": count(tally.review_lines),
        "Charged": dollars(tally.charge_cents),
        "Denied": dollars(tally.denied_cents),
        "Member owes": dollars(tally.patient_cents),
        "At risk": dollars(tally.exposure_cents),
    }


@pytest.mark.parametrize(
    ("caption", "field"),
    [
        ("By month of service", "by_month"),
        ("By procedure code", "by_code"),
        ("By specialty", "by_specialty"),
        ("By rendering provider", "by_rendering_provider"),
    ],
)
def test_the_figures_of_a_table_are_those_of_the_audit(caption: str, field: str) -> None:
    tallies = getattr(results.audit(), field)
    expected = [(month(each.key) if field == "by_month" else each.key or "not said", figures(each)) for each in tallies]
    rows = Read(page()).rows(caption)
    shown = [(next(iter(row.values())), {name: row[name] for name in figures(tallies[0])}) for row in rows]
    assert sorted(shown, key=str) == sorted(expected, key=str)


def test_the_first_words_are_how_much_where_and_what_to_do() -> None:
    audit = results.audit()
    first = Read(page()).text.partition("Which policies, and what they say")[0]
    assert "$46,184,330" in first
    assert f"{audit.totals.denied_lines:,} lines, charged at $61,204,330" in first
    for words in ("0565T", "Cigna Healthcare", "orthopaedic surgery", "1000000007", "Bring in the compliance officer"):
        assert words in first
    assert "Synthetic data." in first


def test_what_somebody_wrote_is_shown_and_not_run() -> None:
    text = page()
    assert "<script" not in text
    assert results.HOSTILE in Read(text).text
    assert len(re.findall(r"<text[^>]*>\$a_1\$ &lt;", text)) == 2  # not set as a formula in either plot


def test_rows_that_are_too_many_are_one_row_with_their_sums() -> None:
    read = Read(page("huge"))
    rows = read.rows("By ordering provider")
    assert len(rows) == Shown().top + 1
    assert rows[-1]["Ordering NPI"] == f"and {148 - Shown().top} more"
    shown = sum(int(row["Lines"].replace(",", "")) for row in rows)
    assert shown == results.huge().totals.lines_decided
    assert f"And {148 - Shown().top} more: the workbook and the JSON name every row." in read.text


def test_an_audit_that_found_nothing_says_so() -> None:
    read = Read(page("empty"))
    assert "No policy of a known payer decided any of the 1,000,000 usable lines." in read.text
    assert "Nothing: no line falls under a policy that asks for anything." in read.text
    assert "Every row was used." in read.text
    assert read.all("svg") == []


def test_unknown_payers_are_said_even_where_nothing_was_decided() -> None:
    audit = replace(results.empty(), unknown_payers=results.audit().unknown_payers)
    read = Read(report_page(audit))
    assert read.rows("Payer ids that no payer's profile has")[0]["Payer id"] == "CIGNA-OLD"
    assert "Name unknown payers" in read.text


def test_lists_alone_are_told_without_a_word_of_dollars() -> None:
    empty = results.empty()
    lists = replace(
        results.reproduction().inputs[0], role="catalogue", name="charge-master.xlsx", rows=900, good=900, bad=0
    )
    audit = replace(
        empty,
        reproduction=replace(empty.reproduction, inputs=(lists,)),
        totals=replace(empty.totals, lines_read=0),
        by_month=(),
        catalogue=(results.finding(), results.finding(212, "38230")),
    )
    read = Read(report_page(audit))
    first = read.text.partition("What your lists offer")[0]
    assert "2 rows" in first
    assert "Of 900 rows of your own lists" in first
    assert "$" not in read.text
    assert [row["Row"] for row in read.rows("Rows of the charge master, preference list or order set to mend")] == [
        "17",
        "212",
    ]


def test_an_audit_without_agreements_does_not_say_that_nobody_signed() -> None:
    text = Read(report_page(results.audit(agreements_given=False))).text
    assert "No agreements were given to this audit" in text


def test_a_report_can_be_had_again() -> None:
    read = Read(page())
    facts = {row["What"]: row["Value"] for row in read.rows("Rules and dates")}
    assert facts["rulebook revision"] == "sha256:" + "d4" * 32
    assert facts["as of"] == "2026-01-15"
    assert facts["dates of service"] == "2024-01-01 to 2025-12-31"
    files = {row["File"]: row["SHA-256"] for row in read.rows("Files that were read")}
    assert files["charges-2025.parquet"] == "b2" * 32
    assert report_page(results.audit(), note="Synthetic data.") == page()


def test_every_row_of_the_charges_is_accounted_for() -> None:
    rows = Read(page()).rows("Every row of the charges")
    numbers = [int(row["Number"].replace(",", "")) for row in rows]
    assert sum(numbers[:-1]) == numbers[-1] == results.audit().totals.lines_read


def test_what_was_not_used_says_where_and_how_to_mend_it() -> None:
    (bad, noted) = Read(page()).rows("Problems of the input")
    assert (bad["Problem"], bad["Effect"], bad["Times"]) == ("date shape", "row not used", "12")
    assert bad["First places"] == "row 17, column DOS; row 4012, column DOS"
    assert noted["Effect"] == "used, as said"


@pytest.mark.parametrize("name", MADE)
def test_a_report_can_be_read_without_seeing_it(name: str) -> None:
    read = Read(page(name))
    assert read.all("html")[0].attributes["lang"] == "en"
    assert len(read.all("h1")) == 1
    levels = [int(each.tag[1]) for each in read.elements if re.fullmatch(r"h[1-6]", each.tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(read.tables) == len(read.all("caption")) == len(read.all("table"))
    assert all("scope" in each.attributes for each in read.all("th"))
    svgs = read.all("svg")
    assert len(read.all("title")) == 1 + len(svgs)
    assert len(read.all("desc")) == len(svgs)
    assert all(each.attributes["role"] == "img" and each.attributes["viewbox"] for each in svgs)


def test_plots_take_the_colours_of_the_page() -> None:
    svg = page()[page().index("<svg") : page().rindex("</svg>")]
    assert "var(--exposure)" in svg
    assert re.findall(r"#[0-9a-f]{6}\b", svg) == []


def counts(row: dict[str, str]) -> list[int]:
    return [int(row[name].replace(",", "")) for name in ("Lines", "Denied lines", "To look at")]


def small(audit: AuditResult) -> AuditResult:
    few = results.tally("1999999999", 3, 900, 100)
    return replace(audit, by_ordering_provider=(*audit.by_ordering_provider, few))


def test_small_counts_are_shown_unless_their_suppression_is_asked_for() -> None:
    audit = small(results.audit())
    everything = Shown(top=1_000)
    assert "1999999999" in report_page(audit, everything)
    guarded = report_page(audit, everything._replace(suppress_below=11))
    assert "1999999999" not in guarded
    assert "Rows with counts under 11 are merged with others" in Read(guarded).text
    rows = Read(guarded).rows("By ordering provider")
    assert rows[-1]["Ordering NPI"].endswith("with few lines")
    assert all(number == 0 or number >= 11 for row in rows for number in counts(row))


def test_the_row_with_most_at_risk_is_not_named_when_it_is_small() -> None:
    rich = results.tally("podiatry", 3, 900_000_000, 0)
    audit = replace(results.audit(), by_specialty=(*results.audit().by_specialty, rich))
    assert "Most at risk: podiatry" in Read(report_page(audit)).text
    merged = report_page(audit, Shown(suppress_below=11))
    assert "podiatry" not in merged
    assert "2 with few lines" in merged
    assert "2 with few lines</text>" not in merged
    alone = report_page(replace(audit, by_specialty=(rich,)), Shown(suppress_below=11))
    assert "No single one can be named" in alone
    assert "podiatry" not in alone
    assert alone.count("1 with few lines") == 1


def test_a_plot_of_many_shows_the_first_and_not_the_sum_of_the_others() -> None:
    svgs = page("huge")[page("huge").index("<svg") : page("huge").rindex("</svg>")].split("<svg")
    by_code = next(svg for svg in svgs if "id='codes-wide-title'" in svg)
    assert "Denied dollars by code, the first 12" in by_code
    assert len(re.findall(r">[0-9]{4}T</text>", by_code)) == 12
    assert re.findall(r">and [0-9,]+ more<", by_code) == []


def test_letters_of_any_script_are_shown_without_a_warning() -> None:
    specialties = results.spread(("整形外科", "ortopedia", "🦴"), results.tally("all", 900, 9_000, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = report_page(results.audit(by_specialty=specialties))
    assert text.count("整形外科") > 2


COUNTED = {"Lines", "Denied lines", "To look at", "Unlisted lines", "After a denied code", "Procedures"} | {
    "Without agreement",
    "Lines with listed codes",
}


def test_no_table_has_a_small_count_when_they_are_suppressed() -> None:
    read = Read(page(suppress_below=11))
    tables = {caption: read.rows(caption) for caption in read.tables}
    shown = {
        (caption, name, int(row[name].replace(",", "")))
        for caption, rows in tables.items()
        for row in rows
        for name in COUNTED & row.keys()
    }
    assert {name for _, name, _ in shown} == COUNTED
    assert [each for each in shown if 0 < each[2] < 11] == []


def test_suppression_merges_months_and_leaves_no_plot_of_counts() -> None:
    rows = Read(page(suppress_below=11)).rows("By month of service")
    assert rows[0]["Month"] == "Jan 2024 to Jun 2024"
    assert all(number >= 11 for row in rows for number in counts(row))
    assert "growth-wide" in page()
    assert "growth-wide" not in page(suppress_below=11)
