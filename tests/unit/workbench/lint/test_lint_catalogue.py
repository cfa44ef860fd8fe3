"""The catalogue is closed: what is found is in it, and what is in it is found by a test."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from policywire.errors import BadInput, Fault
from policywire.rulebook.load import File, files_in, read
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import linted
from policywire.workbench.lint.accepted import judged
from policywire.workbench.lint.catalogue import BY_SLUG, CATALOGUE, chosen, named

ROOT = Path(__file__).parents[4]
PACKAGE = ROOT / "services" / "policywire"
SOURCES = [
    *sorted((PACKAGE / "rulebook").rglob("*.py")),
    *sorted((PACKAGE / "workbench" / "lint").rglob("*.py")),
    *(PACKAGE / "workbench" / f"{name}.py" for name in ("casetest", "watchtest", "check")),
]
"""What makes findings about documents; other parts have findings about tables and charges, with words of their own."""

SHIPPED = tuple(files_in(ROOT / "rules"))
SYNTHETIC = tuple(files_in(ROOT / "tests/rules/synthetic"))
TODAY = date(2026, 1, 10)
PLACES = {"Finding": 1, "fault": 0, "refuse": 1, "Fault": 3}
"""Which argument of what makes a finding is its code."""

DOCUMENTS = [path for folder in ("bad", "lint") for path in sorted((ROOT / "tests/rules" / folder).iterdir())]
WRITTEN = {
    "encoding": "title: Régime".encode("latin-1"),
    "byte-order-mark": "\ufeffdocument: policy.v1".encode(),
    "tab": b"document:\tpolicy.v1",
    "too-large": b"#" * 2_000_001,
    "documents": b"document: policy.v1\n---\ndocument: policy.v1\n",
    "key": b"[a, b]: c\n",
    "shape": b"document: payer.v1\npayer: '!'\n",
}
EDITS = {
    "rule-without-case": ("cases.yaml", "rule: adrc-rotator-cuff", "rule: adipose-implant-knee"),
    "boundary-without-case": ("mm-0552/policy.yaml", '"2025-12-16"\n    known', '"2025-12-17"\n    known'),
    "watch-without-case": ("watch/mm-0552.yaml", "within_days: 180", "within_days: 181"),
    "flag-never-given": ("watch/mm-0552.yaml", "context_unknown]", "context_by_taxonomy]"),
    "alerts-from": ("watch/alerts.yaml", "retention_months", "alerts_from: 2199-12-31\nretention_months"),
    "case-failed": ("mm-0552/policy.yaml", 'carc: "50"', 'carc: "96"'),
    "rule-not-reached": ("mm-0552/policy.yaml", "{clinical_context: mixed}", "{clinical_context: mixed, units: 99}"),
}
ELSEWHERE = {"mutant-survived": "tests/unit/workbench/mutation", "reach-not-checked": "test_lint_reach.py"}
"""What a test of another module raises."""


def raised_by(files: tuple[File, ...]) -> Iterator[Fault]:
    reading = linted(read(files), TODAY)
    yield from reading.faults
    yield from judged(reading.warnings, reading.contents).standing
    if reading.rulebook is not None:
        yield from run_cases(reading).faults


def edited(end: str, old: str, new: str) -> tuple[File, ...]:
    assert any(old.encode() in file.content for file in SHIPPED if file.name.endswith(end)), old
    return tuple(
        File(file.name, file.content.replace(old.encode(), new.encode())) if file.name.endswith(end) else file
        for file in SHIPPED
    )


def raised() -> set[str]:
    found = {each.code for each in of_documents()}
    for slug, content in WRITTEN.items():
        found |= {each.code for each in raised_by((File(f"{slug}.yaml", content),))}
    for edit in EDITS.values():
        found |= {each.code for each in raised_by(edited(*edit))}
    for without in ("cases.yaml", "alerts.yaml", "nothing"):
        found |= {each.code for each in raised_by(tuple(file for file in SHIPPED if without not in file.name))}
    return found | {each.code for each in raised_by(SYNTHETIC)}


@cache
def of_documents() -> tuple[Fault, ...]:
    """Of each bad and each doubtful document beside the synthetic ones."""
    return tuple(each for path in DOCUMENTS for each in raised_by((*SYNTHETIC, File(path.name, path.read_bytes()))))


def written_in(source: str) -> Iterator[str]:
    """The codes that a source gives findings."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        place = PLACES.get(ast.unparse(node.func).rpartition(".")[2])
        if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
            yield str(ast.literal_eval(node.args[place]))


def test_every_code_that_a_source_writes_is_in_the_catalogue() -> None:
    slugs = {slug for path in SOURCES for slug in written_in(path.read_text()) if re.fullmatch(r"[a-z][a-z-]+", slug)}
    assert len(slugs) > 70
    assert slugs - BY_SLUG.keys() == set()


def test_a_code_in_a_source_is_seen() -> None:
    assert list(written_in('Finding((), "made-up", "", "")\nsource.fault("other", ())\n_fault("no")')) == [
        "made-up",
        "other",
    ]


def test_every_code_of_the_catalogue_is_raised_and_no_other() -> None:
    found = raised()
    assert found <= BY_SLUG.keys()
    assert BY_SLUG.keys() - found - ELSEWHERE.keys() == set()


@pytest.mark.parametrize(("slug", "edit"), EDITS.items(), ids=EDITS)
def test_an_edit_raises_the_code_it_is_for(slug: str, edit: tuple[str, str, str]) -> None:
    assert slug in {each.code for each in raised_by(edited(*edit))}


def test_severities_are_those_of_the_catalogue() -> None:
    assert {each.code: each.severity for each in of_documents()}.items() <= {
        slug: code.severity for slug, code in BY_SLUG.items()
    }.items()


def test_ids_and_slugs_are_unique_and_ids_rise() -> None:
    ids = [each.id for each in CATALOGUE]
    assert ids == sorted(set(ids))
    assert len(BY_SLUG) == len(CATALOGUE)
    assert all(re.fullmatch(r"PW[1-8]\d\d", each) for each in ids)


def test_every_code_says_what_it_means_how_to_mend_it_and_how_it_looks() -> None:
    for code in CATALOGUE:
        assert code.means.endswith("."), code
        assert code.mend.endswith("."), code
        assert code.example.strip(), code


@pytest.mark.parametrize("name", ["PW318", "pw318", "shadowed", " Shadowed "])
def test_a_code_is_known_by_id_and_by_slug(name: str) -> None:
    assert named(name).slug == "shadowed"


def test_the_beginning_of_an_id_means_all_that_begin_so() -> None:
    assert {each.id[:3] for each in chosen("PW3")} == {"PW3"}
    assert len(chosen("PW")) == len(CATALOGUE)
    with pytest.raises(BadInput, match="beginning of several codes"):
        named("PW3")


def test_an_unknown_code_gets_a_suggestion_or_is_told_where_all_are() -> None:
    with pytest.raises(BadInput, match=r"There is no code shadwed\. Did you mean shadowed"):
        chosen("shadwed")
    with pytest.raises(BadInput, match="--list shows every code"):
        chosen("qqqq")
