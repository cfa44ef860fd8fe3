"""What one policy's trial rests on: a change of it makes the policy due, a change of anything else does not."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.unit.workbench.gate_scenes import MM_0552, RULES, SYNTHETIC

from policywire.rulebook.load import File, files_in
from policywire.workbench.gate.documents import Documents, engines_digest
from policywire.workbench.gate.ledger import Entry, Ledger
from policywire.workbench.gate.line import SentLine
from policywire.workbench.gate.record import content_of

FILES = [*files_in(RULES), *files_in(SYNTHETIC / "evergreen")]
ENTRY = Entry(
    digest="sha256:1", payer="p", policy="q", passed=True, cases=1, claims=5000, seed=0, ran_at="then", ran_by="ada"
)


def digest(files: list[File], engines: str = "e") -> str:
    return Documents(files).digest(MM_0552, engines)


def changed(end_of_name: str, old: str, new: str) -> list[File]:
    (wanted,) = (each for each in FILES if each.name.endswith(end_of_name))
    assert old.encode() in wanted.content
    spoiled = File(wanted.name, wanted.content.replace(old.encode(), new.encode(), 1))
    return [spoiled if each is wanted else each for each in FILES]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("mm-0552/policy.yaml", '"0565T", "0566T"', '"0565T"'),
        ("mm-0552/cases.yaml", "2020-03-14", "2020-03-13"),
        ("cigna/payer.yaml", "ppo, ", ""),
        ("clinical-context.yaml", "- Q78.2", "- Q78.3"),
        ("stem-cell-terms.yaml", "- BMAC\n", ""),
    ],
)
def test_a_change_of_what_it_rests_on_changes_its_digest(name: str, old: str, new: str) -> None:
    assert digest(changed(name, old, new)) != digest(FILES)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("syn-100/policy.yaml", "X0001", "X0009"),
        ("watch/cases.yaml", "2026-02-10", "2026-02-11"),
        ("cigna/payer.yaml", "payer: cigna", "# a comment\npayer: cigna"),
    ],
)
def test_a_change_of_anything_else_does_not(name: str, old: str, new: str) -> None:
    assert digest(changed(name, old, new)) == digest(FILES)


def test_the_whole_is_named_as_publishing_names_it() -> None:
    assert Documents(FILES).content == content_of(FILES)


def test_another_engine_makes_every_policy_due() -> None:
    assert digest(FILES, "other") != digest(FILES)
    assert engines_digest("2.0.28") == engines_digest("2.0.28") != engines_digest("2.0.29")


def second_policy() -> File:
    """Another policy of the payer that lists one of the codes, from 2010 to the end of 2012."""
    (policy,) = (each for each in FILES if each.name.endswith("mm-0552/policy.yaml"))
    text = policy.content.decode().replace("policy: MM 0552", "policy: MM 0001", 1)
    first = text[: text.index('  - effective_from: "2025-12-16"')]
    first = first.replace('"2020-03-15"', '"2010-01-01"\n    effective_through: "2012-12-31"', 1)
    return File("second.yaml", first.replace('known_from: "2020-03-15"', 'known_from: "2010-01-01"', 1).encode())


def test_a_neighbour_that_lists_the_same_codes_counts() -> None:
    files = [*FILES, second_policy()]
    assert digest(files) != digest(FILES)
    documents = Documents(files)
    line = SentLine(payer_id="62308", procedure_code=" 0565t", service_date=date(2011, 5, 5))
    assert documents.elsewhere(MM_0552, line)
    assert not documents.elsewhere(("cigna", "MM 0001"), line), "the current one is not in force in 2011"
    assert not documents.elsewhere(MM_0552, replace(line, procedure_code="99213"))
    assert not Documents(FILES).elsewhere(MM_0552, line)


def test_the_ledger_remembers_passes_across_runs(tmp_path: Path) -> None:
    Ledger(tmp_path).add(ENTRY)
    assert Ledger(tmp_path).passed("sha256:1", 5000) == ENTRY
    assert Ledger(tmp_path).passed("sha256:1", 5001) is None
    assert Ledger(tmp_path).passed("sha256:2", 1) is None


def test_a_failed_run_undoes_a_pass_and_a_smaller_pass_does_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add(ENTRY)
    ledger.add(replace(ENTRY, claims=10))
    assert Ledger(tmp_path).passed("sha256:1", 5000) == ENTRY
    ledger.add(replace(ENTRY, passed=False, claims=10))
    assert Ledger(tmp_path).passed("sha256:1", 1) is None


def test_half_a_line_of_a_broken_off_run_costs_only_itself(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add(ENTRY)
    path = tmp_path / ".policywire" / "gate" / "policies.jsonl"
    path.write_bytes(path.read_bytes() + b'{"digest":"sha25')
    assert Ledger(tmp_path).passed("sha256:1", 5000) == ENTRY
