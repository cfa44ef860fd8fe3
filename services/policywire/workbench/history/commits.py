"""The commits that touched a file, as git tells them. Knows git's command; changes nothing."""

import subprocess
from pathlib import Path
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput

GIT_S: Final = 60.0
"""A file's history takes milliseconds; whatever takes longer is broken."""

_FIELDS: Final = "%h%x1f%an%x1f%aI%x1f%s%x1e"


class Commit(Struct, frozen=True):
    """A commit; ``at`` is RFC 3339, as its author's clock had it."""

    commit: str
    author: str
    at: str
    subject: str


def commits_of(file: Path) -> tuple[Commit, ...]:
    """The commits that touched a file, over renames, the earliest first.

    Raises:
        BadInput: the file lies in no repository, or git is not there.
    """
    arguments = ["git", "-C", str(file.parent), "log", "--follow", f"--format={_FIELDS}", "--", file.name]
    try:
        done = subprocess.run(  # noqa: S603  git with our own arguments, no shell
            arguments, capture_output=True, timeout=GIT_S, check=False
        )
    except FileNotFoundError:
        raise BadInput("git is not installed, so no commits can be told. Leave --git out.") from None
    except subprocess.TimeoutExpired:
        raise BadInput(f"git did not answer for {GIT_S:.0f} s. Leave --git out.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BadInput(f"git tells no commits of {file}: {said[-1] if said else 'it says nothing'}")
    records = done.stdout.decode(errors="replace").split("\x1e")
    found = [Commit(*record.strip("\n").split("\x1f", 3)) for record in records if record.strip()]
    return tuple(reversed(found))
