"""Approving, and every way in which publishing and going back are refused before a cluster is asked."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.unit.leave import POLICY, approve, change_comment, change_meaning, content, folder_in, pass_gate

from policywire.cli import main
from policywire.errors import BadInput
from policywire.rulebook.load import files_in
from policywire.rulebook.publication import publication
from policywire.rulebook.succession import Wanted
from policywire.workbench.publishing.leave import leave_for

NOWHERE = "localhost:1"
"""Nobody listens there: who asks it ends with status 1 and says so."""


class TopicByHand:
    """Stands for the topic: remembers what was to be published."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, bytes]] = []

    def publish(self, wanted: Wanted, _account: object, _now: object) -> None:
        self.sent.append(wanted.documents)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("POLICYWIRE_AUTHOR", raising=False)
    monkeypatch.delenv("POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS", raising=False)
    return folder_in(tmp_path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def publish(rules: Path, *arguments: object, author: str = "ann", reason: str = "Two codes fewer.") -> Result:
    where = ("--bootstrap-servers", NOWHERE)
    return run("publish", rules, *where, "--author", author, "--reason", reason, *arguments)


def asked_the_cluster(result: Result) -> bool:
    return result.exit_code == 1 and "no Kafka answers" in result.output


def plain(result: Result) -> Any:
    return json.loads(result.stdout)


def test_publishing_is_refused_without_gate_and_approval_and_says_both_commands(rules: Path) -> None:
    refused = publish(rules)
    assert refused.exit_code == 1
    assert "refused: gate-missing: " in refused.output
    assert f"policywire rules gate {rules}" in refused.output
    assert "refused: approval-missing: " in refused.output
    assert f"policywire rules approve {rules} --by NAME" in refused.output
    assert "Not published." in refused.output


def test_with_both_the_cluster_is_asked_and_a_comment_changes_nothing_of_that(rules: Path) -> None:
    pass_gate(rules)
    assert run("approve", rules, "--by", "bob").exit_code == 0
    change_comment(rules)
    assert asked_the_cluster(publish(rules))


def test_one_character_of_meaning_undoes_both(rules: Path) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    change_meaning(rules)
    refused = publish(rules, "--json")
    assert refused.exit_code == 1
    assert [each["code"] for each in plain(refused)["refused"]] == ["gate-missing", "approval-missing"]
    assert plain(refused)["published"] is False
    assert all(each["mend"] for each in plain(refused)["refused"])


def test_the_author_cannot_approve_whatever_way_they_are_named(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pass_gate(rules)
    approve(rules, "Ann Lee")
    assert "approval-by-author" in publish(rules, author="ann  lee").output
    monkeypatch.setenv("POLICYWIRE_AUTHOR", "ANN LEE")
    by_variable = run("publish", rules, "--bootstrap-servers", NOWHERE, "--reason", "Two codes fewer.")
    assert "approval-by-author" in by_variable.output
    assert asked_the_cluster(publish(rules, author="cy"))


def test_the_author_is_whom_git_knows_where_nobody_is_named(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pass_gate(rules)
    approve(rules, "ann@practice.example")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.email")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ann@practice.example")
    refused = run("publish", rules, "--bootstrap-servers", NOWHERE, "--reason", "Two codes fewer.")
    assert "approval-by-author" in refused.output
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "")
    nobody = run("publish", rules, "--bootstrap-servers", NOWHERE, "--reason", "Two codes fewer.")
    assert nobody.exit_code == 2
    assert "say who you are: --author NAME" in nobody.output


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_always_asked_for_and_by_force_too(rules: Path, reason: str) -> None:
    for result in (publish(rules, "--force", reason=reason), run("rollback", "previous", "--reason", reason)):
        assert result.exit_code == 2
        assert "--reason TEXT" in result.output


def test_what_is_published_is_what_was_judged_although_the_folder_changes_meanwhile(
    rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    judge, topic = leave_for, TopicByHand()

    def judged(*asked: Any) -> Any:
        given = judge(*asked)
        change_meaning(rules)
        return given

    def nowhere(_: object, use: Any) -> Any:
        use(topic)
        raise BadInput("the test has seen enough")

    before = publication(rules, files_in(rules))
    monkeypatch.setattr("policywire.cli.rules.publish.leave_for", judged)
    monkeypatch.setattr("policywire.cli.rules.publish.with_documents", nowhere)
    publish(rules)
    assert topic.sent == [before]
    assert publication(rules, files_in(rules)) != before


def test_force_goes_without_both(rules: Path) -> None:
    assert asked_the_cluster(publish(rules, "--force"))


def test_a_draft_that_failed_the_gate_names_the_gate(rules: Path) -> None:
    pass_gate(rules, passed=False, differences=1, faults=("1 generated claim was decided differently.",))
    approve(rules, "bob")
    refused = publish(rules)
    assert refused.exit_code == 1
    assert "gate-failed" in refused.output
    assert "1 generated claim was decided differently" in refused.output
    assert f"policywire rules gate {rules}" in refused.output


def test_neither_force_nor_leave_publishes_documents_with_faults_or_a_case_that_does_not_hold(rules: Path) -> None:
    cases = rules / "evergreen/syn-100/cases.yaml"
    good = cases.read_text()
    cases.write_text(good.replace("outcome: covered", "outcome: review", 1))
    refused = publish(rules, "--force", "--json")
    assert refused.exit_code == 1
    assert plain(refused)["faults"][0]["file"].endswith("cases.yaml")
    cases.write_text(good)
    (rules / POLICY).write_text("document: nonsense\n")
    refused = publish(rules, "--force")
    assert refused.exit_code == 1
    assert "policy.yaml:1:" in refused.output
    assert refused.output.endswith("Not published.\n")


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2020-01-01T00:00:00Z", "is past. Leave --at out"),
        ("tomorrow", "is no instant"),
        ("2199-01-01T00:00:00", "does not say its offset"),
        ("3000-01-01", "does not lie in the years 1900 to 2199"),
        ("2199-12-31T23:30:00-01:00", "does not lie in the years"),
        ("9999-12-31T23:59:59-05:00", "does not lie in the years"),
        ("0001-01-01T00:00:00+05:00", "does not lie in the years"),
    ],
)
def test_an_instant_that_cannot_be_is_refused_first(rules: Path, at: str, why: str) -> None:
    refused = publish(rules, "--force", "--at", at)
    assert refused.exit_code == 2
    assert why in refused.output


def test_approving_says_what_and_where_it_is_kept(rules: Path) -> None:
    said = run("approve", rules, "--by", " Bob ", "--note", "Compared with the payer's page.")
    assert said.exit_code == 0
    assert "7 documents: 1 policy, 3 versions" in said.output
    assert "has not been through the gate" in said.output
    assert "Not compared with what is published" in said.output
    assert f"Bob approves of {content(rules)[:19]}" in said.output
    (file,) = (rules / ".policywire/approvals").iterdir()
    assert file.name.startswith(f"{content(rules).removeprefix('sha256:')[:16]}-bob-")
    assert str(file) in said.output


def test_approving_speaks_json(rules: Path) -> None:
    pass_gate(rules)
    report = plain(run("approve", rules, "--by", "bob", "--note", "Good.", "--json"))
    assert report["approved"] is True
    assert (report["approval"]["by"], report["approval"]["note"]) == ("bob", "Good.")
    assert report["approval"]["content"] == content(rules)
    assert report["gate"]["passed"] is True
    assert Path(report["file"]).is_file()


@pytest.mark.parametrize(("passed", "words"), [(True, "The gate passed it"), (False, "The gate failed it")])
def test_who_approves_is_told_what_the_gate_found(rules: Path, *, passed: bool, words: str) -> None:
    pass_gate(rules, passed=passed)
    assert words in run("approve", rules, "--by", "bob").output


def test_an_approval_is_given_also_where_no_cluster_answers(rules: Path) -> None:
    said = run("approve", rules, "--by", "bob", "--bootstrap-servers", NOWHERE)
    assert said.exit_code == 0
    assert "no Kafka answers" in said.stderr
    assert "the cluster could not say" in said.stdout
    assert "bob approves of" in said.stdout


def test_bytes_that_are_no_text_in_a_name_or_note_are_shown_as_digits(rules: Path) -> None:
    report = plain(run("approve", rules, "--by", "bob\udcff", "--note", "Good\udcfe.", "--json"))
    assert (report["approval"]["by"], report["approval"]["note"]) == ("bob\\xff", "Good\\xfe.")


@pytest.mark.parametrize("name", ["\u200b", " \u00a0 "])
def test_a_name_of_which_nothing_can_be_seen_is_none(rules: Path, name: str) -> None:
    pass_gate(rules)
    for result in (publish(rules, author=name), run("approve", rules, "--by", name)):
        assert result.exit_code == 2
        assert "--author NAME" in result.output or "--by NAME" in result.output


def test_documents_with_faults_cannot_be_approved(rules: Path) -> None:
    (rules / POLICY).write_text("document: nonsense\n")
    for asked in ([], ["--json"]):
        refused = run("approve", rules, "--by", "bob", *asked)
        assert refused.exit_code == 1
        assert "policy.yaml" in refused.output
    assert not (rules / ".policywire").exists()


def test_a_folder_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    for command in (("approve", tmp_path / "no", "--by", "bob"), ("publish", tmp_path / "no", "--reason", "x")):
        assert run(*command).exit_code == 2


@pytest.mark.parametrize("target", [[], ["previous", "--to", "previous"]])
def test_where_to_go_back_to_is_said_once(target: list[str]) -> None:
    refused = run("rollback", *target, "--reason", "x", "--by", "ann")
    assert refused.exit_code == 2
    assert "say once where to go back to" in refused.output


def test_commands_that_need_a_cluster_say_when_none_answers(rules: Path) -> None:
    where = ("--bootstrap-servers", NOWHERE)
    assert asked_the_cluster(run("rollback", "previous", "--reason", "x", "--by", "ann", *where))
    assert asked_the_cluster(run("publications", *where))
    assert asked_the_cluster(publish(rules, "--force"))


def test_help_and_checking_import_no_kafka() -> None:
    """In a process of its own, for here others have imported it."""
    asked = "\n".join(
        f"CliRunner().invoke(main, ['rules', '{command}', '--help'], catch_exceptions=False)"
        for command in ("check", "approve", "publish", "rollback", "publications")
    )
    script = f"import sys\nfrom click.testing import CliRunner\nfrom policywire.cli import main\n{asked}\n"
    script += "print('policywire.cli.rules.rollback' in sys.modules, 'aiokafka' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
