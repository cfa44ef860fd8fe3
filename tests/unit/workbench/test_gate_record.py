import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.load import File, files_in
from policywire.workbench.gate.record import GateRecord, content_of, load, save

RULES = Path(__file__).parents[3] / "rules"
RECORD = GateRecord(
    content=f"sha256:{'0123456789abcdef' * 4}",
    passed=True,
    policies=1,
    cases=40,
    claims=5000,
    seed=7,
    differences=0,
    faults=(),
    policywire="0.1.0",
    durable_rules="2.0.28",
    ran_at="2026-03-01T12:00:00Z",
    ran_by="ada",
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path / "rules"


def content(rules: Path) -> str:
    return content_of(files_in(rules))


def change(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_a_record_is_found_again_by_its_content(tmp_path: Path) -> None:
    path = save(tmp_path, RECORD)
    assert path == tmp_path / ".policywire" / "gate" / "0123456789abcdef.json"
    assert load(tmp_path, RECORD.content) == RECORD


def test_a_later_record_of_the_same_content_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    save(tmp_path, RECORD)
    failed = replace(RECORD, passed=False, differences=2, faults=("MM 0552: the engines differ on 2 lines",))
    save(tmp_path, failed)
    assert load(tmp_path, RECORD.content) == failed
    assert [path.name for path in (tmp_path / ".policywire" / "gate").iterdir()] == ["0123456789abcdef.json"]


def test_content_that_never_went_through_has_no_record(tmp_path: Path) -> None:
    save(tmp_path, RECORD)
    assert load(tmp_path, f"sha256:{'f' * 64}") is None


@pytest.mark.parametrize("text", ["", "{}", '{"content": 1}', "no JSON"])
def test_a_file_that_is_no_record_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    path = save(tmp_path, RECORD)
    path.write_text(text)
    with pytest.raises(BadInput, match=r"0123456789abcdef\.json is no record of the gate"):
        load(tmp_path, RECORD.content)


def test_a_record_of_another_content_under_this_name_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, RECORD)
    path.write_text(path.read_text().replace("cdef0123", "cdef9999"))
    with pytest.raises(BadInput, match="is the record of another content"):
        load(tmp_path, RECORD.content)


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / ".policywire").write_text("a file where a folder belongs")
    with pytest.raises(BadInput, match="cannot be written"):
        save(tmp_path, RECORD)


def test_comments_blanks_file_names_and_order_do_not_change_the_content(rules: Path) -> None:
    before = content(rules)
    policy = rules / "cigna" / "mm-0552" / "policy.yaml"
    change(policy, "payer: cigna\n", "\n# A comment.\npayer:    cigna # and another\n")
    change(policy, "impact: High\n", "")
    change(policy, "change_type: Modified\n", "impact: High\nchange_type: Modified\n")
    policy.rename(policy.with_name("another-name.yml"))
    assert content(rules) == before
    assert content_of(reversed(list(files_in(rules)))) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("cigna/mm-0552/policy.yaml", '"0565T", "0566T"', '"0565T"'),
        ("cigna/mm-0552/cases.yaml", "2020-03-14", "2020-03-13"),
        ("cigna/payer.yaml", "ppo, ", ""),
        ("contexts/clinical-context.yaml", "- Q78.2", "- Q78.3"),
        ("contexts/stem-cell-terms.yaml", "- BMAC\n", ""),
        ("watch/cases.yaml", "2026-02-10", "2026-02-11"),
    ],
)
def test_a_change_of_any_document_changes_the_content(rules: Path, name: str, old: str, new: str) -> None:
    before = content(rules)
    change(rules / name, old, new)
    assert content(rules) != before


def test_what_is_no_document_has_no_content() -> None:
    with pytest.raises(RulesRefused):
        content_of([File("draft.yaml", b"document: nothing.v1\n")])
