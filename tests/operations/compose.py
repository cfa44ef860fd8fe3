"""``docker-compose.yml`` as Docker Compose loads it. Knows the loader of ``deploy/tools/compose``, and no engine."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.operations.prometheus import ROOT, tool

COMPOSE_FILE: Final = ROOT / "docker-compose.yml"


class ComposeRefused(Exception):
    """The loader does not take the file; the text is its own."""


def load(file: Path = COMPOSE_FILE, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The project: merged, filled in and checked; services of every profile are in it.

    Raises:
        ComposeRefused: it breaks the schema or refers to what is not there.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("POLICYWIRE_", "COMPOSE_"))}
    ran = subprocess.run(
        [tool("compose"), str(file)], env={**kept, **(variables or {})}, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise ComposeRefused(ran.stderr.strip())
    project: dict[str, Any] = json.loads(ran.stdout)
    return project
