"""Who is at work here, as git knows them. Knows git's command; nothing of publishing."""

import subprocess
from pathlib import Path
from typing import Final

GIT_S: Final = 5.0
"""It reads a few files; whatever takes longer is broken, and somebody can say their name themselves."""


def git_author(folder: Path) -> str | None:
    """The e-mail address that commits in a folder carry; None where there is no git, or it knows none."""
    command = ("git", "-C", str(folder), "config", "user.email")
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=GIT_S, check=False)  # noqa: S603  ours
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None
