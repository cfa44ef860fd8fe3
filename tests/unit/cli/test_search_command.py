import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.cli.search import CACHE_VARIABLE, cache_folder

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "shelf"))
    return tmp_path / "shelf"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["search", "--rules", str(ROOT / "rules"), *map(str, arguments)])


def test_a_code_is_found_with_its_answer_in_words() -> None:
    result = run("0565T")
    assert result.exit_code == 0
    assert "Cigna Healthcare, MM 0552: Stem Cell Therapy for Orthopaedic Applications" in result.output
    assert "version 2025-12-16, in force: services from 2025-12-16; known from 2025-12-16" in result.output
    assert "    0565T: not medically necessary\n" in result.output
    assert "  2025-12-16 experimental or investigational → not medically necessary" in result.output
    assert "beside it: 3 source conflicts and 1 quarantined row" in result.output
    assert "0717T" not in result.output


def test_a_condition_and_a_handoff_are_said() -> None:
    said = "38230, 38232: belongs to another policy (Cigna stem cell transplantation policies) if the clinical context"
    assert said in run("marrow", "harvest").output


def test_nothing_found_ends_with_1_and_what_comes_near() -> None:
    result = run("0565T", "--on", "2019-12-31")
    assert result.exit_code == 1
    assert result.output.startswith("Nothing found as of 2019-12-31.\nCigna Healthcare MM 0552")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("20999-0565T",), "is no range"),
        (("--code", "stem"), "names no procedure codes"),
        (("--on", "12/16/2025"), "does not match the format"),
        (("--outcome", "denied"), "is not one of"),
        (("--cache", ROOT / "README.md", "0565T"), "is a file. Give a folder for --cache"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(arguments: tuple[object, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_search_speaks_json() -> None:
    result = run("--code", "20999", "--outcome", "review", "--on", "2025-12-15", "--known-on", "2025-12-01", "--json")
    report = json.loads(result.stdout)
    (hit,) = report["hits"]
    assert (report["total"], report["day"], report["known_on"]) == (1, "2025-12-15", "2025-12-01")
    assert (hit["policy"], hit["version"], hit["effective_through"]) == ("MM 0552", "2020-03-15", None)
    assert [rule["id"] for rule in hit["rules"]] == ["unlisted-only-hints", "unlisted-names-none"]
    assert hit["timeline"][0]["before"] is None
    assert report["unreadable"] == []


def test_what_a_later_document_tells_of_an_earlier_version_is_said() -> None:
    assert "as a later state of the document tells it, known from 2025-12-16" in run("--known-on", "2025-12-01").output
    assert "as a later state" not in run("--known-on", "2025-12-16").output


def test_pages_follow_each_other() -> None:
    first = run("056*", "--all-versions", "--limit", "1")
    second = run("056*", "--all-versions", "--limit", "1", "--offset", "1")
    assert "1 to 1 of 2 found" in first.output
    assert "2 to 2 of 2 found" in second.output
    assert "version 2025-12-16" in first.output
    assert "version 2020-03-15" in second.output


def test_an_index_is_kept_where_it_is_said_and_not_where_it_is_not_wanted(shelf: Path) -> None:
    assert run("0565T", "--no-cache").exit_code == 0
    assert not shelf.exists()
    assert run("0565T").exit_code == 0
    assert len(list(shelf.iterdir())) == 1


def test_indexes_lie_among_the_cached_files_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "policywire" / "search"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_folder() == Path.home() / ".cache" / "policywire" / "search"


def test_a_document_that_cannot_be_read_is_named_and_the_rest_is_searched(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    (rules / "broken.yaml").write_text("document: policy.v1\npayer: [\n")
    result = CliRunner().invoke(main, ["search", "0565T", "--rules", str(rules)])
    assert result.exit_code == 0
    assert "policywire: not searched: " in result.stderr
    assert "broken.yaml" in result.stderr
    assert "1 found" in result.stdout


def test_a_folder_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["search", "0565T", "--rules", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "is not a folder of policy documents" in result.stderr
