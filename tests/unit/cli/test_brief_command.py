"""``policywire brief``: each reader's page says what they must know, out of the documents and nothing else."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.workbench.brief.readers import READERS

ROOT = Path(__file__).parents[3]
RULES = ROOT / "rules"
SYNTHETIC = ROOT / "tests" / "rules" / "synthetic"
SEVEN = ("0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232")


def brief(policy: str = "MM 0552", *options: str, rules: Path = RULES, reader: str = "billing") -> Result:
    arguments = ["brief", policy, "--for", reader, "--rules", str(rules), "--as-of", "2026-01-05", *options]
    return CliRunner().invoke(main, arguments)


def page(*options: str, rules: Path = RULES, reader: str = "billing", policy: str = "MM 0552") -> str:
    result = brief(policy, *options, rules=rules, reader=reader)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path / "rules"


def rewrite(rules: Path, old: str, new: str, name: str = "cigna/mm-0552/policy.yaml") -> None:
    text = (rules / name).read_text()
    assert old in text
    (rules / name).write_text(text.replace(old, new))


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_sees_every_code_and_what_the_list_leaves_open_beside_it(reader: str) -> None:
    told = page(reader=reader)
    listed = told.split("The codes codes service, and when answer", 1)[1]
    assert all(code in listed for code in SEVEN)
    assert "Kept out of this list: One of the source's eight rows is a malformed citation" in listed
    assert listed.count("The sources disagree.") == 3
    assert "Not signed off by a clinician yet" in listed


@pytest.mark.parametrize("reader", READERS)
def test_every_page_says_from_when_what_was_before_and_that_it_is_a_prediction(reader: str) -> None:
    told = page(reader=reader)
    assert "For services since 16 December 2025, Cigna Healthcare MM 0552 says: not medically necessary" in told
    assert "For services before that day it said: experimental or investigational." in told
    assert "the payer has the last word" in told


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("physician", "Do not use 20999 in place of 0565T, 0566T, 0717T or 0718T"),
        ("physician", "For 38230 and 38232 the diagnoses decide"),
        ("scheduling", "get the signed agreement before the day of service"),
        ("scheduling", "critical from 3 days before the service"),
        ("billing", 'the bucket "MM 0552", with the reason "not medically necessary per Cigna MM 0552"'),
        ("billing", "expect CO 50 with N563: the practice bears the cost. With one expect PR 50 with N492"),
        ("billing", "Do not appeal: the position is categorical"),
        ("billing", "20999: Say in the narrative what exactly is done before it is billed."),
        ("compliance", "39c38737b2eb"),
        ("compliance", "Not: Required for the first treatment (the article's version table)."),
        ("compliance", "How often the payer reviews it is not known."),
    ],
)
def test_each_reader_gets_what_they_act_on(reader: str, said: str) -> None:
    assert said in page(reader=reader)


def test_only_billing_and_compliance_are_told_remittance_codes() -> None:
    assert ["CARC" in page(reader=reader) for reader in READERS] == [False, False, True, True]


def test_before_a_known_change_the_page_counts_the_days(rules: Path) -> None:
    rewrite(rules, 'effective_from: "2025-12-16"\n    known_from: "2025-12-16"', EARLIER_KNOWN)
    told = page("--as-of", "2025-11-16", rules=rules, reader="scheduling")
    assert "For services on 16 December 2025 or later (30 days left)" in told
    assert "For services before that day it says: experimental or investigational." in told
    assert "Look through what is booked for 16 December 2025 or later" in told


EARLIER_KNOWN = 'effective_from: "2025-12-16"\n    known_from: "2025-11-01"'


def test_what_nobody_knew_yet_is_not_on_the_page() -> None:
    told = page("--as-of", "2025-12-15", reader="billing")
    assert "For services since 15 March 2020" in told
    assert "not medically necessary" not in told.split("The codes")[0]
    assert "Not certain: the version's own list of codes is not known." in told


def test_a_version_can_be_named() -> None:
    assert "For services since 15 March 2020" in page("--version", "2020-03-15")
    result = brief("MM 0552", "--version", "2024-01-01")
    assert result.exit_code == 2
    assert "MM 0552 has no version that begins on 2024-01-01. There are: 2020-03-15, 2025-12-16." in result.output


def test_a_policy_without_open_questions_says_nothing_of_them(rules: Path) -> None:
    text = (rules / "cigna/mm-0552/policy.yaml").read_text()
    text = re.sub(r"source_conflicts:.*?\nversions:", "versions:", text, flags=re.DOTALL)
    (rules / "cigna/mm-0552/policy.yaml").write_text(text)
    told = page(rules=rules, reader="compliance")
    assert "Kept out" not in told
    assert "disagree" not in told


@pytest.mark.parametrize("reader", READERS)
def test_a_policy_that_does_not_say_what_it_is_about_has_no_empty_line_for_it(rules: Path, reader: str) -> None:
    policy = rules / "cigna/mm-0552/policy.yaml"
    policy.write_text(re.sub(r"\n  summary: .*?(?=\n\S)", "", policy.read_text(), count=1, flags=re.DOTALL))
    told = brief("MM 0552", rules=rules, reader=reader).output
    assert "What it is about" not in told
    assert not [line for line in told.splitlines() if line.strip(" -.") == "" and "." in line]


def test_other_outcomes_have_words_too() -> None:
    told = page("--format", "markdown", policy="SYN 100", rules=SYNTHETIC, reader="physician")
    assert "covered when criteria are met" in told
    assert "belongs to Evergreen widget policy" in told
    assert "Prior authorization is required: ask before the service." in told
    # X0OO3 has no code's shape: it is kept out of the list and said beside it.
    assert "Kept out of this list" in told
    assert "X0OO3" not in told.split("Kept out of this list")[0]


@pytest.mark.parametrize("reader", READERS)
def test_a_page_of_text_fits_a_page(reader: str) -> None:
    lines = brief(reader=reader).output.splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 80


def test_many_rules_become_one_row_for_the_codes_that_share_them(rules: Path) -> None:
    rule = "      - {{id: extra-{0}, codes: ['0565T'], when: {{units: {0}}}, outcome: review, {1}}}\n"
    words = "indication: made up, rationale: Made up."
    before = "    rules:\n      - id: adipose-implant-knee\n"
    text = (rules / "cigna/mm-0552/policy.yaml").read_text()
    head, tail = text.rsplit(before, 1)
    extra = "".join(rule.format(number, words) for number in range(101, 120))
    (rules / "cigna/mm-0552/policy.yaml").write_text(
        head + "    rules:\n" + extra + "      - id: adipose-implant-knee\n" + tail
    )
    told = page(rules=rules)
    assert "by 20 rules in order" in told
    assert all(code in told for code in SEVEN)


def test_a_name_is_found_whatever_its_case_and_blanks_and_a_wrong_one_is_guessed() -> None:
    assert brief("mm0552").exit_code == 0
    result = brief("MM 0525")
    assert result.exit_code == 2
    assert "there is no policy MM 0525. Did you mean MM 0552 (cigna)?" in result.output


def test_a_name_that_two_payers_use_needs_the_payer(rules: Path) -> None:
    shutil.copytree(SYNTHETIC, rules / "synthetic")
    (rules / "synthetic/alerts.yaml").unlink()
    (rules / "synthetic/watch-cases.yaml").unlink()
    rewrite(rules, "policy: SYN 100", "policy: MM 0552", "synthetic/evergreen/syn-100/policy.yaml")
    result = brief(rules=rules)
    assert result.exit_code == 2
    assert "several payers have a policy MM 0552: cigna, evergreen. Say which with --payer." in result.output
    assert "Evergreen Mutual (synthetic) MM 0552" in page("--payer", "evergreen", rules=rules)


def test_markdown_has_a_table_of_codes() -> None:
    lines = brief("MM 0552", "--format", "markdown").output.splitlines()
    assert lines[0] == "# Cigna Healthcare MM 0552: Stem Cell Therapy for Orthopaedic Applications"
    assert "| 0565T, 0566T | fat-derived cell implant for knee osteoarthritis | not medically necessary |" in lines


class Tags(HTMLParser):
    """The tags that are open, and every address that a tag names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_whole_needs_nothing_else_and_escapes_what_documents_say(rules: Path, tmp_path: Path) -> None:
    rewrite(rules, "title: Stem Cell Therapy", "title: <script>alert(1)</script> Stem Cell Therapy")
    out = tmp_path / "brief.html"
    result = brief("MM 0552", "--format", "html", "--out", str(out), rules=rules)
    assert result.output == f"{out} is written.\n"
    tags = Tags()
    tags.feed(out.read_text())
    assert (tags.open, tags.addresses) == ([], [])
    assert "<script>" not in out.read_text()
    assert "&lt;script&gt;" in out.read_text()


def test_json_has_the_page_in_parts() -> None:
    told = json.loads(brief("MM 0552", "--json").output)
    assert (told["reader"], told["as_of"]) == ("billing", "2026-01-05")
    assert {section["heading"] for section in told["sections"]} >= {"Denials", "What changes", "The codes"}
