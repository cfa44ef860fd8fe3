"""Documents as a git commit has them, read without touching the work tree. Knows git's command and nothing of rules.

Not ``git archive``: attributes of the repository make it leave files out or change them.
"""

import subprocess
from collections.abc import Iterator
from typing import Final

from policywire.errors import BadInput
from policywire.rulebook.load import SUFFIXES, File
from policywire.rulebook.source import FILE_BYTES_MAX

GIT_S: Final = 60.0
"""10,000 documents come in a second; whatever takes longer is broken."""

MEND: Final = "Run it in a repository, and give a commit and a folder that it has, as git:main:rules."

FOLDER: Final = "rules"
"""Where documents are looked for when nobody says otherwise."""


def files_of(ref: str, folder: str = FOLDER) -> Iterator[File]:
    """The documents of a folder as a commit has them, in the order of their names.

    Args:
        ref: a commit, branch or tag of the repository of the current folder.
        folder: relative to the current folder; in a bare repository to its root.

    Raises:
        BadInput: there is no such commit, or no document in the folder there.
    """
    if ref.startswith("-"):
        raise BadInput(f"{ref} is no commit: it begins with a dash. Give a branch, a tag or a commit.")
    # A bare repository has no current folder that a path could begin at.
    here = "" if _is_bare() else "./"
    tree = f"{ref}:{here}{folder.strip('/')}" if folder not in ("", ".") else f"{ref}:{here}"
    blobs = list(_blobs(tree))
    if not blobs:
        raise BadInput(f"git:{ref}:{folder} has no policy documents. Give a folder with .yaml or .json files.")
    asked = "".join(f"{blob}\n" for _, blob in blobs).encode()
    answer = _git(["cat-file", "--batch"], asked, tree)
    at = 0
    for name, _ in blobs:
        line = answer.index(b"\n", at)
        size = int(answer[at:line].rsplit(b" ", 1)[1])
        content = answer[line + 1 : line + 1 + size]
        at = line + 1 + size + 1
        yield File(f"git:{ref}:{folder}/{name}", content[: FILE_BYTES_MAX + 1])


def _is_bare() -> bool:
    """Whether the current folder is in a bare repository; where there is none at all it is not."""
    return _run(["rev-parse", "--is-bare-repository"], b"", "this repository").stdout.strip() == b"true"


def _blobs(tree: str) -> Iterator[tuple[str, str]]:
    """Names and object ids of the documents in a tree; folders whose name begins with a dot hold none."""
    for entry in _git(["ls-tree", "-r", "-z", tree], b"", tree).split(b"\0"):
        about, _, name = entry.decode(errors="surrogateescape").partition("\t")
        parts = about.split()
        is_hidden = any(part.startswith(".") for part in name.split("/")[:-1])
        if len(parts) > 1 and parts[1] == "blob" and name.endswith(SUFFIXES) and not is_hidden:
            yield name, parts[2]


def _git(arguments: list[str], given: bytes, tree: str) -> bytes:
    done = _run(arguments, given, tree)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BadInput(f"git cannot show {tree}: {said[-1] if said else 'it says nothing'}. {MEND}")
    return done.stdout


def _run(arguments: list[str], given: bytes, tree: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  git with our own arguments, no shell
            ["git", *arguments],  # noqa: S607  whichever git the user has
            input=given,
            capture_output=True,
            timeout=GIT_S,
            check=False,
        )
    except FileNotFoundError:
        raise BadInput("git is not installed, so a commit's rules cannot be read.") from None
    except subprocess.TimeoutExpired:
        raise BadInput(f"git did not answer for {GIT_S:.0f} s when it was asked for {tree}.") from None
