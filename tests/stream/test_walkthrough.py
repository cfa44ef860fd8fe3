"""The README's walk-through for an analyst, run as it stands: its lines, in their order, on a Kafka of their own."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^( *)```bash\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
PATIENCE_S = 600


def section(heading: str) -> str:
    """The text under a heading of the README."""
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## )", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert found
    return found[1]


def script(text: str) -> str:
    """All of its commands; the first that fails ends them, and what they started."""
    commands = [textwrap.dedent(block) for _, block in BLOCK.findall(text)]
    assert len(commands) == text.count("```bash")
    return "\n".join(["set -euo pipefail", "trap 'jobs -p | xargs -r kill' EXIT", *commands])


@pytest.mark.timeout(PATIENCE_S + 60)
def test_the_walk_through_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    for folder in ("rules", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("POLICYWIRE_")}
    ours["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{ours['PATH']}"
    run = subprocess.run(
        ["bash", "-c", script(section("An analyst's walk-through"))],
        cwd=tmp_path,
        env=ours,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    said = run.stdout
    assert run.returncode == 0, said + run.stderr
    in_order = [
        "1 rejected",
        "Sound.",
        "deliberate mistakes are noticed by a case",
        "a knee is no exception: outcome is not_medically_necessary, expected covered",
        "The gate did not let it pass",
        "Passed: both engines agree.",
        "refused: approval-missing",
        "Publication 1, by ann@practice.example, approved by bob@practice.example",
        '"outcome":"not_medically_necessary"',
        "outcome: not medically necessary becomes covered",
        "Publication 2, by ann@practice.example, approved by bob@practice.example",
        '"outcome":"covered"',
        '"kind":"policy_affects_schedule","status":"open"',
    ]
    places = [said.find(each) for each in in_order]
    assert -1 not in places, f"{in_order[places.index(-1)]} was not said:\n{said}"
    assert places == sorted(places), said
