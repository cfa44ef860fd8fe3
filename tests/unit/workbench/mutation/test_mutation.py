"""Deliberate mistakes in the rules that ship: all are noticed, and with a case taken away the right ones are not."""

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

import msgspec
import pytest

from policywire.rulebook.load import File, Reading, document_of, files_in, read, read_rules
from policywire.workbench.check import LACKING, linted
from policywire.workbench.lint.situations import TooMany
from policywire.workbench.mutation.bench import benches
from policywire.workbench.mutation.lines import lines, words_of
from policywire.workbench.mutation.trial import Tried, try_mutants

ROOT = Path(__file__).parents[4]
SHIPPED = tuple(files_in(ROOT / "rules"))
SYNTHETIC = tuple(files_in(ROOT / "tests/rules/synthetic"))
TODAY = date(2026, 1, 10)


def reading_of(files: Iterable[File]) -> Reading:
    """Documents whose cases may be lacking."""
    files = tuple(files)
    reading = linted(read(files), TODAY)
    assert {each.code for each in reading.faults} <= LACKING
    return Reading(read_rules(files).rulebook, (), reading.warnings, reading.collection, reading.contents)


@cache
def of(files: tuple[File, ...]) -> tuple[Tried, ...]:
    return tuple(try_mutants(reading_of(files)))


def ended(files: tuple[File, ...], end: str) -> list[str]:
    return [each.place.message for each in of(files) if each.end == end]


def without(name: str, end: str = "mm-0552/cases.yaml") -> tuple[File, ...]:
    """The rules that ship without the cases whose names begin so."""
    return tuple(_thinned(file, name) if file.name.endswith(end) else file for file in SHIPPED)


def _thinned(file: File, name: str) -> File:
    head, *cases = re.split(r"(?m)^(?=  - name: )", file.content.decode())
    kept = [each for each in cases if not each.startswith(f"  - name: {name}")]
    assert len(kept) < len(cases), name
    return File(file.name, "".join((head, *kept)).encode())


def with_case(files: tuple[File, ...], text: str, end: str) -> tuple[File, ...]:
    return tuple(File(file.name, file.content + text.encode()) if file.name.endswith(end) else file for file in files)


def test_no_mistake_in_what_ships_goes_unnoticed() -> None:
    assert ended(SHIPPED, "survived") == []
    assert len(ended(SHIPPED, "noticed")) > 170


def test_every_kind_of_mistake_is_made_and_noticed() -> None:
    noticed = {each.kind for files in (SHIPPED, SYNTHETIC) for each in of(files) if each.end == "noticed"}
    assert noticed == {
        *("rule-dropped", "rules-swapped", "outcome-flipped", "flag-flipped", "handoff-changed", "code-removed"),
        *("condition-dropped", "condition-negated", "bound-moved", "value-dropped", "boundary-moved"),
        *("denial-changed", "authorization-flipped", "unknown-dropped", "window-moved", "severity-flipped"),
        "watch-dropped",
    }


def test_mistakes_that_change_no_answer_are_told_apart() -> None:
    same = ended(SHIPPED, "equivalent")
    assert "marrow-harvest-oncology: it stands behind marrow-harvest-orthopaedic" in same
    assert "unlisted-names-none: the condition is dropped" in same
    assert "version 2020-03-15: appeal do_not_appeal becomes may_appeal" in same
    assert "review_flags: narrative_missing is left out" in same


@pytest.mark.parametrize(
    ("name", "survivors"),
    [
        ("a draft is to be held", []),
        ("an unknown context of an autologous", ["marrow-harvest-context-unknown: 38232 is left out"]),
        (
            "on its first day the first version",
            ["version 2020-03-15: prior authorization unknown becomes required"],
        ),
        (
            "a hint went to review then too",
            [
                "unlisted-only-hints: the rule is dropped",
                "unlisted-only-hints: outcome review becomes covered",
                "unlisted-only-hints: flag narrative_ambiguous is left out",
                "unlisted-only-hints: flag context_mixed is added",
            ],
        ),
    ],
)
def test_a_case_that_is_taken_away_leaves_mistakes_unnoticed(name: str, survivors: list[str]) -> None:
    found = ended(without(name), "survived")
    assert [each for each in survivors if each not in found] == []
    assert bool(found) is bool(survivors), found


def test_a_survivor_is_named_at_its_place() -> None:
    files = without("an unknown context of an autologous")
    (survivor,) = [each for each in of(files) if each.end == "survived"]
    text = (ROOT / "rules/cigna/mm-0552/policy.yaml").read_text().splitlines()[survivor.place.line - 1]
    assert text[survivor.place.column - 1 :].startswith('"38232"')
    assert survivor.place.code == "mutant-survived"
    assert (survivor.key, survivor.kind) == (("cigna", "MM 0552"), "code-removed")


@pytest.mark.parametrize(
    "name", ["an unknown context of an autologous", "a hint went to review then too", "on its first day the first"]
)
def test_the_case_that_is_printed_notices_the_mistake_and_holds(name: str) -> None:
    files = without(name)
    while survivors := [each for each in of(files) if each.end == "survived"]:
        text = str(survivors[0].case).replace("say in a sentence", f"number {len(survivors)} of {name}")
        files = with_case(files, text, "mm-0552/cases.yaml")
        left = ended(files, "survived")
        assert survivors[0].place.message not in left
        assert len(left) < len(survivors)


def test_the_printed_cases_bring_a_weak_file_to_no_survivor() -> None:
    survivors = [each for each in of(SYNTHETIC) if each.end == "survived" and each.place.file.endswith("policy.yaml")]
    assert len(survivors) > 20
    texts = (str(each.case).replace("say in", f"number {number}, say in") for number, each in enumerate(survivors))
    stronger = with_case(SYNTHETIC, "".join(texts), "syn-100/cases.yaml")
    assert [each for each in ended(stronger, "survived") if ": severity" not in each] == []


def test_a_watch_case_that_is_taken_away_leaves_a_window_unnoticed() -> None:
    files = without("one of 180 days before counts", "watch/cases.yaml")
    survivors = {each.place.message: each for each in of(files) if each.end == "survived"}
    moved = survivors["within_days 180 becomes 179"]
    assert moved.place.file.endswith("watch/mm-0552.yaml")
    assert "exactly so many days before the unlisted one" in str(moved.case)
    assert 'procedure_code: "0565T"' in str(moved.case)
    assert 'kind: "unlisted_substitution"' in str(moved.case)


def test_words_of_alerts_that_nothing_opens_are_nobody_s_to_try() -> None:
    assert not [each for each in of(SYNTHETIC) if "unlisted_substitution" in each.place.message]


def test_another_policy_that_names_a_code_stands_beside_the_one_that_is_tried() -> None:
    later = (ROOT / "tests/rules/synthetic/evergreen/syn-100/policy.yaml").read_text()
    later = later.replace("policy: SYN 100", "policy: SYN 200").replace("2023-", "2027-").replace("2024-", "2028-")
    later = later.replace("effective_from: 2025-07-01", "effective_from: 2029-01-01").replace(
        "2026-12-31", "2029-12-31"
    )
    later = re.sub(r"known_from: .*", "known_from: 2025-06-01", later)
    files = (*SYNTHETIC, File("later.yaml", later.encode()))
    cases = dict.fromkeys(each.place.file for each in of(files))
    assert not any("later.yaml" in each for each in cases)
    noticed = {each.place.message for each in of(files) if each.end == "noticed"}
    assert "version 2025-07-01: effective_through 2026-12-31 becomes 2027-01-01" in noticed


def test_a_policy_that_a_program_wrote_is_tried_when_it_has_cases(tmp_path: Path) -> None:
    for file in SYNTHETIC:
        name = Path(file.name).name
        if name == "policy.yaml":
            (tmp_path / "policy.json").write_bytes(msgspec.json.encode(document_of(file)))
        else:
            (tmp_path / f"{Path(file.name).parent.name}-{name}").write_bytes(file.content)
    made = of(tuple(files_in(tmp_path)))
    assert [(each.kind, each.end, each.place.message) for each in made] == [
        (each.kind, each.end, each.place.message) for each in of(SYNTHETIC)
    ]


def test_more_lines_than_are_looked_at_are_too_many() -> None:
    bounds = (f'{{all: [{{units: {n}}}, {{charge_amount: "{n}.00"}}, {{modifiers: [A{n}]}}]}}' for n in range(30, 36))
    many = "any: [" + ", ".join(bounds) + ", {stage: drafted}, {line_of_business: commercial}]"
    old = "when: {units: {at_most: 3}}"
    files = tuple(
        File(file.name, file.content.replace(old.encode(), f"when: {{{many}}}".encode())) for file in SYNTHETIC
    )
    reading = read_rules(files)
    bench = next(benches(read(files)))
    rules = reading.collection.drafts[bench.file].policy.versions[1].rules["X0001"]
    with pytest.raises(TooMany):
        list(lines("X0001", [date(2024, 1, 1)], rules, words_of(reading.collection, bench.draft)))
