"""SARIF as a code-scanning front end takes it."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from policywire.errors import Fault
from policywire.workbench.lint.catalogue import CATALOGUE
from policywire.workbench.lint.sarif import FINGERPRINT, ROOT, sarif

SCHEMA = json.loads((Path(__file__).parent / "sarif-used.schema.json").read_text())
"""What the format asks of the parts that we write, in our own words; the whole standard has ten times as much."""


def fault(**given: Any) -> Fault:
    parts: dict[str, Any] = {
        "file": "rules/a b/policy.yaml",
        "line": 3,
        "column": 7,
        "code": "shadowed",
        "path": "versions[0].rules[1]",
        "message": "second never decides X0001",
        "mend": "Move it up.",
        "severity": "fault",
    }
    return Fault(**(parts | given))


def results(*faults: Fault, accepted: tuple[tuple[Fault, str], ...] = (), here: Path = Path()) -> list[dict[str, Any]]:
    log = sarif(faults, accepted, here)
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(log)
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def prints(*faults: Fault) -> list[str]:
    return [each["partialFingerprints"][FINGERPRINT] for each in results(*faults)]


def test_a_result_names_rule_level_words_and_place() -> None:
    (result,) = results(fault())
    assert (result["ruleId"], result["level"]) == ("PW318", "error")
    assert CATALOGUE[result["ruleIndex"]].id == "PW318"
    assert result["message"]["text"] == "second never decides X0001. Move it up."
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "rules/a%20b/policy.yaml", "uriBaseId": ROOT},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "versions[0].rules[1]"}]


def test_every_code_is_described_as_a_rule() -> None:
    (run,) = sarif((), (), Path())["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == [each.id for each in CATALOGUE]
    shadowed = next(each for each in rules if each["id"] == "PW318")
    assert (shadowed["name"], shadowed["defaultConfiguration"]) == ("Shadowed", {"level": "error"})
    assert "```yaml" in shadowed["help"]["markdown"]


def test_a_file_elsewhere_has_an_absolute_address(tmp_path: Path) -> None:
    (result,) = results(fault(file=str(tmp_path / "policy.yaml")), here=tmp_path / "elsewhere")
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": (tmp_path / "policy.yaml").as_uri()}


def test_an_accepted_warning_is_a_suppressed_result_with_its_reason() -> None:
    warning = fault(code="no-primary-source", severity="warning")
    (result,) = results(accepted=((warning, "behind a login"),))
    assert result["level"] == "warning"
    assert result["suppressions"] == [{"kind": "inSource", "justification": "behind a login"}]


def test_a_finding_keeps_its_fingerprint_when_lines_are_added_above_it() -> None:
    assert prints(fault()) == prints(fault(line=99, column=1))


@pytest.mark.parametrize("other", [{"code": "never-holds"}, {"file": "rules/b.yaml"}, {"path": "versions[1]"}], ids=str)
def test_another_finding_has_another_fingerprint(other: dict[str, Any]) -> None:
    assert len(set(prints(fault(), fault(**other)))) == 2


def test_two_of_a_kind_at_one_place_are_told_apart_by_their_order() -> None:
    first, second = prints(fault(), fault(message="other words"))
    assert first != second
    assert prints(fault(message="new words"), fault()) == [first, second]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0].update(level="fault"),
        lambda run: run["results"][0].update(rule="PW318"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda run: run["tool"]["driver"].pop("name"),
    ],
)
def test_a_log_that_is_none_is_seen(spoil: Any) -> None:
    log = sarif((fault(),), (), Path())
    spoil(log["runs"][0])
    assert not jsonschema_rs.Draft202012Validator(SCHEMA).is_valid(log)
