"""By whose leave: the gate's record and a second person's approval, of the very content of a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.leave import approve, change_comment, change_meaning, content, folder_in, pass_gate

from policywire.errors import BadInput
from policywire.rulebook.load import files_in
from policywire.workbench.publishing.author import git_author
from policywire.workbench.publishing.leave import Leave, leave_for
from policywire.workbench.publishing.person import same_person


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return folder_in(tmp_path)


def leave(rules: Path, author: str) -> Leave:
    return leave_for(rules, files_in(rules), author)


def codes(rules: Path, author: str = "ann") -> list[str]:
    return [each.code for each in leave(rules, author).refusals]


def test_a_draft_that_nobody_looked_at_lacks_both_and_is_told_both_commands(rules: Path) -> None:
    missing, unapproved = leave(rules, "ann").refusals
    assert (missing.code, unapproved.code) == ("gate-missing", "approval-missing")
    assert f"policywire rules gate {rules}" in str(missing)
    assert f"policywire rules approve {rules} --by NAME" in str(unapproved)


def test_with_both_it_may_be_published_and_the_account_tells_of_them(rules: Path) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    given = leave(rules, "ann")
    assert given.refusals == ()
    account = given.account("ann", "Two codes fewer.")
    assert (account.author, account.reason, account.forced) == ("ann", "Two codes fewer.", ())
    assert account.content == content(rules)
    assert account.gate is not None
    assert account.gate.claims == 5000
    assert [each.by for each in account.approvals] == ["bob"]


@pytest.mark.parametrize(
    ("change", "refused"),
    [(change_comment, []), (change_meaning, ["gate-missing", "approval-missing"])],
    ids=["a comment", "one letter of meaning"],
)
def test_gate_and_approval_are_of_the_meaning(rules: Path, change: Callable[[Path], None], refused: list[str]) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    change(rules)
    assert codes(rules) == refused


def test_an_approval_of_another_content_is_told(rules: Path) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    change_meaning(rules)
    assert "1 approval is of another content" in leave(rules, "ann").refusals[1].message


def test_a_case_is_part_of_what_is_approved(rules: Path) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    cases = rules / "evergreen/syn-100/cases.yaml"
    cases.write_text(cases.read_text().replace("name: ", "name: another ", 1))
    assert codes(rules) == ["gate-missing", "approval-missing"]


@pytest.mark.parametrize(
    "name",
    ["ann", "Ann", " A nn ", "ann\u200b", "a\u00adnn", "\uff21\uff4e\uff4e", "\u2067ann\u2069", "ann\x00", "ann\u00a0"],
    ids=ascii,
)
def test_the_author_s_own_approval_does_not_count_however_the_name_is_written(rules: Path, name: str) -> None:
    pass_gate(rules)
    approve(rules, name)
    assert codes(rules) == ["approval-by-author"]
    approve(rules, "bob")
    assert codes(rules) == []
    assert [each.by for each in leave(rules, "ann").approvals] == ["bob"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jos\u00e9", "JOSE\u0301"),
        ("Ann Lee <ann@practice.example>", "ann@practice.example"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u0390", "\u0399\u0308\u0301"),
    ],
)
def test_one_person_is_the_same_however_the_name_is_encoded(one: str, other: str) -> None:
    assert same_person(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann", "anne"), ("Ann <ann@a.example>", "Ann <ann@b.example>"), ("Jos\u00e9", "Jose"), ("a<b", "b")],
)
def test_two_people_are_two(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_two_people_whose_names_read_alike_in_a_file_s_name_keep_an_approval_each(rules: Path) -> None:
    names = ["ann/lee", "ann*lee", "b" * 70, "b" * 71, "\u5c71", "\u7530"]
    for name in names:
        approve(rules, name)
    assert sorted(each.by for each in leave(rules, "cy").approvals) == sorted(names)


def test_a_disk_that_is_full_leaves_the_approval_as_it_was(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = approve(rules, "bob")
    before, write = file.read_bytes(), Path.write_bytes

    def full(path: Path, text: bytes) -> int:
        write(path, text[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadInput, match="No space left on device"):
        approve(rules, "bob", "2026-11-25T11:00:00Z")
    assert file.read_bytes() == before


def test_a_failed_gate_is_told_with_its_first_faults(rules: Path) -> None:
    pass_gate(rules, passed=False, faults=("One.", "Two.", "Three.", "Four."))
    approve(rules, "bob")
    (refused,) = leave(rules, "ann").refusals
    assert refused.code == "gate-failed"
    assert "One; Two; Three; and 1 more" in refused.message
    assert "policywire rules gate" in refused.mend
    assert leave(rules, "ann").account("ann", "Forced.").gate is None


def test_a_gate_of_another_release_is_run_again(rules: Path) -> None:
    pass_gate(rules, policywire="0.0.1")
    approve(rules, "bob")
    assert codes(rules) == ["gate-outdated"]


def test_what_is_passed_over_is_recorded(rules: Path) -> None:
    assert leave(rules, "ann").account("ann", "Urgent.").forced == ("gate-missing", "approval-missing")


def test_approvals_of_several_are_all_told_the_earliest_first(rules: Path) -> None:
    approve(rules, "cy", "2026-11-25T10:00:00Z")
    approve(rules, "bob", "2026-11-25T11:00:00Z")
    assert [each.by for each in leave(rules, "ann").approvals] == ["cy", "bob"]


def test_a_second_approval_by_the_same_person_takes_the_place_of_the_first(rules: Path) -> None:
    first, second = approve(rules, "Bob"), approve(rules, "bob", "2026-11-25T11:00:00Z")
    assert first == second
    assert [each.at for each in leave(rules, "ann").approvals] == ["2026-11-25T11:00:00Z"]


@pytest.mark.parametrize("name", ["../../bob", "bob/../..", "山田", "b" * 500, "山" * 90])
def test_no_name_leads_out_of_the_folder(rules: Path, name: str) -> None:
    file = approve(rules, name)
    assert file.parent == rules / ".policywire/approvals"
    assert [each.by for each in leave(rules, "ann").approvals] == [name]


@pytest.mark.parametrize("name", ["  ", "\u200b", "\u2060\u00a0"])
def test_an_approval_needs_a_name(rules: Path, name: str) -> None:
    with pytest.raises(BadInput, match="--by NAME"):
        approve(rules, name)


def test_a_file_that_is_no_approval_is_named(rules: Path) -> None:
    approve(rules, "bob").write_text("{}")
    with pytest.raises(BadInput, match=r"bob-[0-9a-f]{8}\.json is no approval"):
        leave(rules, "ann")


def test_an_approval_cannot_be_renamed_to_another_content(rules: Path) -> None:
    file = approve(rules, "bob")
    change_meaning(rules)
    file.rename(file.with_name(file.name.replace(file.name[:16], content(rules).removeprefix("sha256:")[:16])))
    with pytest.raises(BadInput, match="another content"):
        leave(rules, "ann")


def test_an_approval_that_cannot_be_kept_is_said_so(rules: Path) -> None:
    (rules / ".policywire").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        approve(rules, "bob")


def test_git_tells_who_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.email")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ann@practice.example")
    assert git_author(tmp_path) == "ann@practice.example"


def test_without_git_nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_author(tmp_path) is None
