"""Every error that policywire raises on purpose, in one tree. Knows no part of the system that raises them.

::

    PolicywireError
    ├── BadInput             somebody must mend what they gave: a file, a setting, an argument, an event
    │   └── RulesRefused     documents under rules/ with faults, all of them at once
    ├── PassingFault         the world outside failed for now; trying again may help: a broker, a network, a disk
    └── OurBug               an assumption of ours was wrong: stop, report it, lose nothing

A command ends with 2 on BadInput and with 1 on anything else.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

SHOWN_MAX: Final = 50
"""So many faults are spelled out in an error's own words: more than a screen helps nobody in a log."""


class PolicywireError(Exception):
    """The root: catch it to catch everything that policywire raises on purpose."""


class BadInput(PolicywireError):
    """What was given cannot be used as it is; the words say what to mend."""


class PassingFault(PolicywireError):
    """Something outside failed for now."""


class OurBug(PolicywireError):
    """Something that must not happen happened."""


class Fault(NamedTuple):
    """One fault of a document: where it is (1-based line and column), what it is, and how to mend it."""

    file: str
    line: int
    column: int
    code: str
    path: str
    """Where in the document, as ``versions[0].rules[2].codes[1]``; empty for the document as a whole."""
    message: str
    mend: str
    severity: Literal["fault", "warning"] = "fault"

    def __str__(self) -> str:
        """``file:line:column: code: path: message. mend``."""
        where = f"{self.file}:{self.line}:{self.column}"
        return ": ".join(part for part in (where, self.code, self.path, f"{self.message}. {self.mend}") if part)


class RulesRefused(BadInput):
    """Documents that cannot be used; ``faults`` has every reason, in the order of files and lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        count = len(self.faults)
        lines = [f"{count} fault{'s' if count != 1 else ''} in the rules:", *map(str, self.faults[:SHOWN_MAX])]
        if count > SHOWN_MAX:
            lines.append(f"and {count - SHOWN_MAX} more; policywire rules check shows them all.")
        super().__init__("\n".join(lines))
