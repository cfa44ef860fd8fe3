"""Where the files that ship with policywire lie: schemas and rules, in a checkout and in an installed wheel.

Knows the two layouts. Knows nothing of what is in the files.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (_PACKAGE / "_shipped", _PACKAGE.parents[1])
"""The wheel's copies (pyproject.toml, force-include), then the checkout: a wheel never has a repository around it."""


def shipped(path: str) -> Path:
    """The file or folder of that name, such as ``schemas/topics.yaml`` or ``rules``, wherever this installation has it.

    Args:
        path: relative to the repository, with forward slashes; its first part is ``schemas`` or ``rules``.

    Raises:
        FileNotFoundError: this installation does not have it.
    """
    for root in _ROOTS:
        if (found := root / path).exists():
            return found
    message = f"policywire is not whole: it has no {path}; install it again"
    raise FileNotFoundError(message)
