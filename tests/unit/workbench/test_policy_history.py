"""A policy told through time: what each version answers otherwise, and which publications and commits touched it."""

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import pytest

from policywire.errors import BadInput
from policywire.rulebook.history import Approval, Entry, History, Publication
from policywire.rulebook.load import files_in
from policywire.rulebook.publication import publication
from policywire.workbench.documents import Documents, read_documents
from policywire.workbench.history.commits import commits_of
from policywire.workbench.history.policy import PolicyHistory, history_of
from policywire.workbench.history.published import publications_of
from policywire.workbench.search.published import files_in_force

RULES = Path(__file__).parents[3] / "rules"
KEY = ("cigna", "MM 0552")
TODAY = date(2026, 1, 5)
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def documents() -> Documents:
    return read_documents(RULES)


def told(documents: Documents, code: str | None = None, today: date = TODAY) -> PolicyHistory:
    return history_of(documents, KEY, code, today)


def test_versions_come_in_order_each_with_what_it_rests_on(documents: Documents) -> None:
    first, second = told(documents).versions
    assert (first.effective_from, first.effective_through) == (date(2020, 3, 15), date(2025, 12, 15))
    assert (second.effective_from, second.effective_through) == (date(2025, 12, 16), None)
    assert (first.standing, second.standing) == ("superseded", "in_force")
    assert first.cites == ("article", "public-pages")
    assert len(told(documents).source_conflicts) == 3
    assert len(told(documents).quarantined) == 1


def test_what_a_version_answers_otherwise_is_told_by_code(documents: Documents) -> None:
    first, second = told(documents).versions
    assert first.otherwise == ()
    outcome = "outcome: experimental or investigational becomes not medically necessary"
    assert ("0565T", "0566T", "0717T", "0718T") in [each.codes for each in second.otherwise if outcome in each.changes]
    assert (second.codes_added, second.codes_removed) == ((), ())


def test_a_code_narrows_the_history_to_it(documents: Documents) -> None:
    _, second = told(documents, " 20999 ").versions
    assert second.codes == ("20999",)
    assert {each.codes for each in second.otherwise} == {("20999",)}
    with pytest.raises(BadInput, match=r"MM 0552 lists no code 99213 in any version\. It lists 0565T, "):
        told(documents, "99213")


def test_a_version_that_is_still_to_come_is_upcoming(documents: Documents) -> None:
    assert [each.standing for each in told(documents, today=date(2025, 12, 15)).versions] == ["in_force", "upcoming"]
    assert [each.standing for each in told(documents, today=date(2020, 3, 14)).versions] == ["upcoming", "upcoming"]


def test_codes_that_come_and_go_are_told(tmp_path: Path) -> None:
    rules = copytree(RULES, tmp_path / "rules")
    file = rules / "cigna" / "mm-0552" / "policy.yaml"
    earlier, current = file.read_text().split('- effective_from: "2025-12-16"')
    current = current.replace('codes: ["0717T", "0718T"]', 'codes: ["0717T", "0719T"]')
    file.write_text(f'{earlier}- effective_from: "2025-12-16"{current}')
    watch = rules / "watch" / "mm-0552.yaml"
    watch.write_text(watch.read_text().replace('"0718T"', '"0719T"'))
    _, second = told(read_documents(rules)).versions
    assert (second.codes_added, second.codes_removed) == (("0719T",), ("0718T",))


def published(number: int, *keys: str, **fields: Any) -> Publication:
    given: dict[str, Any] = {
        "kind": "publication",
        "author": "ann",
        "reason": f"Number {number}.",
        "at": AT.replace(day=number),
        "effective_at": AT.replace(day=number),
        "revision_before": None,
        "revision": f"sha256:{number}",
        "removed": (),
        "policywire": "0.1.0",
        "approvals": (Approval(by="bob", at="2026-01-01T00:00:00Z", note=None),),
    }
    return Publication(number=number, written=keys, **{**given, **fields})


def test_only_publications_that_touch_the_policy_or_its_reading_are_told(documents: Documents) -> None:
    policy = msgspec.json.encode(documents.policies[KEY])
    later = "cigna/MM 0552@2026-02-01T00:00:00Z"
    history = History(
        (
            Entry(published(1, "cigna/MM 0552", "payer:other"), {"cigna/MM 0552": policy}),
            Entry(published(2, "payer:other"), {"payer:other": b"{}"}),
            Entry(published(3, "contexts:clinical-context"), {"contexts:clinical-context": b"{}"}),
            Entry(published(4, "cigna/MM 0552", effective_at=AT.replace(month=2)), {later: policy}),
            Entry(published(5, cancelled=(later,)), {later: None}),
            Entry(published(6, removed=("cigna/MM 0552",)), {"cigna/MM 0552": None}),
            Entry(published(7, "cigna/MM 0552"), {"cigna/MM 0552": b'{"of": "another version"}'}),
        )
    )
    found = list(publications_of(history, told(documents)))
    assert [each.number for each in found] == [1, 3, 4, 5, 6, 7]
    assert found[0].written == ("cigna/MM 0552",)
    assert found[0].approved_by == ("bob",)
    assert [each.effective_from for each in found[0].versions] == [date(2020, 3, 15), date(2025, 12, 16)]
    assert found[2].versions == found[0].versions
    assert (found[3].cancelled, found[4].removed, found[5].versions) == ((later,), ("cigna/MM 0552",), ())


def test_what_was_in_force_on_a_day_is_what_had_been_published_by_its_end() -> None:
    documents = publication(RULES, files_in(RULES))
    fewer = {key: content for key, content in documents.items() if not key.startswith("watch:")}
    more = {key: content for key, content in documents.items() if key.startswith("watch:")}
    history = History((Entry(published(1, *fewer), fewer), Entry(published(3, *more), more)))
    now = AT.replace(day=9)
    assert len(files_in_force(history, date(2026, 1, 2), now)) == len(fewer)
    assert len(files_in_force(history, date(2026, 1, 3), now)) == len(documents)
    assert len(files_in_force(history, None, now)) == len(documents)
    assert len(files_in_force(history, date(2030, 1, 1), now)) == len(documents)
    with pytest.raises(BadInput, match="in force on 2025-12-31"):
        files_in_force(history, date(2025, 12, 31), now)


def test_commits_are_those_that_touched_the_file_the_earliest_first(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    file = tmp_path / "policy.yaml"
    git("init", "-q")
    for number in (1, 2):
        file.write_text(f"number: {number}\n")
        git("add", "policy.yaml")
        git("commit", "-q", "-m", f"State {number}; with | signs")
    (tmp_path / "other").write_text("x")
    git("add", "other")
    git("commit", "-q", "-m", "Something else")
    found = commits_of(file)
    assert [(each.author, each.subject) for each in found] == [
        ("Ann", "State 1; with | signs"),
        ("Ann", "State 2; with | signs"),
    ]


def test_a_file_in_no_repository_has_no_commits_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(BadInput, match="git tells no commits of"):
        commits_of(tmp_path / "policy.yaml")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="git is not installed"):
        commits_of(tmp_path / "policy.yaml")
