import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.load import File, Reading, files_in, load_rulebook, read, read_rules
from policywire.rulebook.source import parse

ROOT = Path(__file__).parents[3]
SHIPPED = tuple(files_in(ROOT / "rules"))
SYNTHETIC = tuple(files_in(ROOT / "tests/rules/synthetic"))


def as_json(files: tuple[File, ...], **dumping: Any) -> tuple[File, ...]:
    return tuple(
        File(file.name.replace(".yaml", ".json"), json.dumps(parse("x", file.content).value, **dumping).encode())
        for file in files
    )


def revision(files: tuple[File, ...]) -> str:
    reading = read(files)
    assert reading.rulebook is not None, reading.faults
    return reading.rulebook.revision


def edited(files: tuple[File, ...], end: str, old: str, new: str) -> tuple[File, ...]:
    assert any(file.name.endswith(end) and old.encode() in file.content for file in files)
    return tuple(
        File(file.name, file.content.replace(old.encode(), new.encode())) if file.name.endswith(end) else file
        for file in files
    )


def codes(reading: Reading) -> list[str]:
    return [fault.code for fault in reading.faults]


def test_a_folder_becomes_a_rulebook() -> None:
    rulebook = load_rulebook(ROOT / "rules")
    assert rulebook.revision.startswith("sha256:")
    assert len(rulebook.revision) == len("sha256:") + 64


def test_a_rulebook_with_a_fault_is_refused_with_all_of_them(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    for name, old in (("cigna/payer.yaml", "name:"), ("contexts/clinical-context.yaml", "signed_off:")):
        path = tmp_path / "rules" / name
        path.write_text(path.read_text().replace(old, f"x{old}"))
    with pytest.raises(RulesRefused) as refused:
        load_rulebook(tmp_path / "rules")
    assert {Path(fault.file).name for fault in refused.value.faults} == {"payer.yaml", "clinical-context.yaml"}
    assert "no such field: xname" in str(refused.value)


@pytest.mark.parametrize("make", ["nothing", "a file", "an empty folder"])
def test_what_is_no_folder_of_documents_is_bad_input(make: str, tmp_path: Path) -> None:
    path = tmp_path / "rules"
    if make == "a file":
        path.write_text("document: policy.v1\n")
    if make == "an empty folder":
        path.mkdir()
    with pytest.raises(BadInput, match="rules"):
        load_rulebook(path)


def test_what_is_hidden_in_a_folder_is_no_document_of_it(tmp_path: Path) -> None:
    hidden = tmp_path / ".anywhere/rules"
    shutil.copytree(ROOT / "rules", hidden)
    (hidden / ".policywire/gate").mkdir(parents=True, exist_ok=True)
    (hidden / ".policywire/gate/0123.json").write_text("{}")
    (hidden / "cigna/.draft.yaml").write_text("nonsense")
    assert [file.content for file in files_in(hidden)] == [file.content for file in SHIPPED]


def test_the_revision_does_not_depend_on_order_format_comments_or_cases() -> None:
    commented = tuple(File(file.name, b"# a comment\n" + file.content + b"\n# another\n") for file in reversed(SHIPPED))
    recased = edited(SHIPPED, "cases.yaml", "the day before the first version", "on the eve of the first version")
    expected = revision(SHIPPED)
    assert revision(commented) == expected
    assert revision(recased) == expected
    assert revision(as_json(SHIPPED)) == expected
    assert revision(as_json(SHIPPED, indent=3, sort_keys=True)) == expected


@pytest.mark.parametrize(
    ("end", "old", "new"),
    [
        ("policy.yaml", "impact: High", "impact: Low"),
        ("policy.yaml", "whatever the diagnosis.", "whatever is diagnosed."),
        ("payer.yaml", '"15"', '"16"'),
        ("clinical-context.yaml", "D62 #", "D66 #"),
        ("stem-cell-terms.yaml", "nanofat", "picofat"),
        ("watch/mm-0552.yaml", "narrative_ambiguous, ", ""),
    ],
)
def test_the_revision_changes_with_any_content(end: str, old: str, new: str) -> None:
    assert revision(edited(SHIPPED, end, old, new)) != revision(SHIPPED)


def test_yaml_and_json_compile_to_the_same_rulebook() -> None:
    assert read(SYNTHETIC).rulebook == read(as_json(SYNTHETIC)).rulebook


def test_json_is_held_to_the_same_checks_and_positions() -> None:
    files = as_json(SYNTHETIC, indent=1)
    spoiled = edited(files, "policy.json", '"narrative"', '"naratve"')
    spoiled = edited(spoiled, "payer.json", '"SYN01",', '"SYN01", "SYN01",')
    reading = read(spoiled)
    assert sorted(codes(reading)) == ["twice", "unknown-fact"]
    fault = next(fault for fault in reading.faults if fault.code == "unknown-fact")
    policy = next(file for file in spoiled if file.name.endswith("policy.json")).content.decode()
    assert '"naratve"' in policy.splitlines()[fault.line - 1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"document": "payer.v1", "payer": "a", "payer": "b"}', "duplicate-key"),
        (b'{"document": "payer.v1"', "yaml"),
        (b'{"document": ["payer.v1"]}', "kind"),
        (b'\xef\xbb\xbf{"document": "payer.v1"}', "byte-order-mark"),
        (b"[" * 100_000, "yaml"),
        (b'"text"', "shape"),
        (b"{}" + b" " * 2_000_000, "too-large"),
    ],
)
def test_json_that_cannot_be_used_is_a_fault_and_no_crash(content: bytes, code: str) -> None:
    assert code in codes(read([File("x.json", content)]))


@pytest.mark.parametrize(
    ("end", "old", "new", "code"),
    [
        ("payer.json", '"payer": "evergreen"', '"payer": "evergreen", "payer": "evergreen"', "duplicate-key"),
        ("policy.json", '"narrative": ["product", "hint"]', '"narrative": ["product", "hnt"]', "operand"),
        ("policy.json", '"units": {"at_most": 3}', '"units": {}', "operand"),
    ],
)
def test_what_the_typed_decoder_lets_through_is_still_refused(end: str, old: str, new: str, code: str) -> None:
    assert codes(read(edited(as_json(SYNTHETIC), end, old, new))) == [code]


SMALL = [file.content for file in SHIPPED if file.name.endswith(("payer.yaml", "stem-cell-terms.yaml"))]
INSERTED = [*"[]{}:-'\"&*!?|>%@`#,\n\t\x00", "*a ", "&a ", "!!str ", ": ", "- ", "---\n", "<<: "]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SMALL), st.floats(0, 1), st.integers(0, 40), st.sampled_from(INSERTED))
def test_a_damaged_document_is_refused_or_read_and_never_a_crash(
    content: bytes, where: float, cut: int, inserted: str
) -> None:
    at = int(where * len(content))
    reading = read([File("x.yaml", content[:at] + inserted.encode() + content[at + cut :])])
    assert reading.rulebook is not None or reading.faults


def test_policies_in_json_need_no_cases_and_in_yaml_do() -> None:
    without = tuple(file for file in SYNTHETIC if not file.name.endswith("cases.yaml"))
    assert sorted(codes(read(without))) == ["no-cases", "no-watch-cases"]
    assert codes(read(as_json(without))) == []


def test_a_document_that_cannot_be_read_is_not_reported_as_missing_too() -> None:
    spoiled = edited(SYNTHETIC, "context.yaml", "classes:", "clases:")
    spoiled = edited(spoiled, "payer.yaml", "name:", "nmae:")
    assert sorted(codes(read(spoiled))) == ["missing-field", "missing-field", "unknown-field", "unknown-field"]


def test_every_kind_of_alert_must_have_words() -> None:
    reading = read(tuple(file for file in SYNTHETIC if not file.name.endswith("alerts.yaml")))
    assert codes(reading) == ["watch-missing"]
    assert "policy_source_conflict" in reading.faults[0].message


def test_a_code_of_no_such_shape_is_quarantined_and_the_others_are_used() -> None:
    reading = read(SYNTHETIC)
    assert reading.rulebook is not None
    (policy,) = reading.rulebook.index["SYN01"]["X0002"]
    assert [row.text for row in policy.quarantined] == ["X0OO3"]
    assert [each.code for each in reading.warnings if each.code != "idle-review"] == ["quarantined-code"]
    assert reading.rulebook.listed_codes == {"X0001", "X0002"}


def test_all_codes_of_a_rule_may_be_quarantined() -> None:
    spoiled = edited(
        SYNTHETIC,
        "policy.yaml",
        '["X0001"]\n        indication: made-up service by nobody',
        '["?"]\n        indication: made-up service by nobody',
    )
    reading = read(spoiled)
    # The case that expects the rule finds it gone.
    assert codes(reading) == ["unknown-rule"]


def test_a_flag_that_is_watched_for_and_never_given_is_a_warning() -> None:
    policy = edited(SHIPPED, "policy.yaml", "flags: [context_mixed]", "flags: []")
    found = [str(each) for each in read(policy).warnings if each.code == "flag-never-given"]
    assert len(found) == 1
    assert "context_reviews[0]: no rule of MM 0552 gives the flag context_mixed" in found[0]


@pytest.mark.parametrize("files", [SHIPPED, SYNTHETIC, as_json(SYNTHETIC), as_json(SYNTHETIC, indent=1)])
def test_the_rulebook_is_the_same_without_cases_and_they_are_not_read(files: tuple[File, ...]) -> None:
    whole, rules = read(files), read_rules(files)
    assert rules.rulebook == whole.rulebook
    assert rules.rulebook is not None
    assert whole.collection.cases
    assert whole.collection.watch_cases
    assert (rules.collection.cases, rules.collection.watch_cases) == ({}, {})


def test_a_document_is_not_taken_for_cases_because_it_speaks_of_them() -> None:
    spoken = edited(SYNTHETIC, "policy.yaml", "Somebody must look.", "See document cases.v1 of 2024.")
    rulebook = read_rules(spoken).rulebook
    assert rulebook is not None
    assert rulebook.listed_codes == {"X0001", "X0002"}


def test_bad_cases_do_not_keep_a_worker_from_starting_and_bad_rules_do(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    cases = tmp_path / "rules/cigna/mm-0552/cases.yaml"
    cases.write_text(cases.read_text().replace("expect:", "xpect:"))
    assert load_rulebook(tmp_path / "rules") == load_rulebook(ROOT / "rules")
    policy = tmp_path / "rules/cigna/mm-0552/policy.yaml"
    policy.write_text(policy.read_text().replace("outcome:", "xoutcome:"))
    with pytest.raises(RulesRefused):
        load_rulebook(tmp_path / "rules")


def test_a_review_that_says_nothing_to_do_is_warned_of_at_its_place() -> None:
    """Version 2020-03-15 flags every determination, and that flag does not say what to do either."""
    silent = edited(SHIPPED, "mm-0552/policy.yaml", "        flags: [context_mixed]\n", "")
    found = [each for each in read(silent).warnings if each.code == "idle-review"]
    assert [each.path for each in found] == ["versions[0].rules[4].outcome", "versions[1].rules[4].outcome"]
    assert "marrow-harvest-mixed sends to review without a flag that says what to do" in found[0].message
    assert "the next action will be none" in found[0].message
    assert found[0].mend.startswith("Add flags:")
    assert [each for each in read(SHIPPED).warnings if each.code == "idle-review"] == []


def test_nor_is_a_program_s_policy_read_again_to_say_so() -> None:
    """Positions cost a hundred times what a policy in JSON does, and every worker reads thousands of them."""
    silent = as_json(edited(SHIPPED, "mm-0552/policy.yaml", "        flags: [context_mixed]\n", ""))
    assert [each for each in read(silent).warnings if each.code == "idle-review"] == []
