"""A case as text, to be pasted into a cases.yaml and judged by whoever writes the policy.

Knows how a case is written; does not know whether what comes out today is right. Values are synthetic.
"""

from datetime import date
from enum import Enum
from typing import Any, Final

import msgspec

from policywire.rulebook.cases import CaseLine

ALWAYS: Final = ("outcome", "rule")
"""What a case should say besides that by which it notices."""


def case_text(line: CaseLine, told: dict[str, Any] | None, instead: dict[str, Any] | None) -> str:
    """A case of a line that expects what comes out now, in all that a mistake changes.

    Args:
        line: the line.
        told: what comes out now; None: no determination.
        instead: what comes out with the mistake.
    """
    given = {name: value for name, value in msgspec.to_builtins(line).items() if value not in (None, [], ())}
    return _case(given, told, instead)


def _case(line: dict[str, Any], told: dict[str, Any] | None, instead: dict[str, Any] | None) -> str:
    if told is None:
        expect = "no_determination"
    else:
        other = instead or {}
        names = [name for name in told if name in ALWAYS or told[name] != other.get(name, _ABSENT)]
        expect = flow({name: told[name] for name in names})
    return f"  - name: say in a sentence what must hold here\n    line: {flow(line)}\n    expect: {expect}\n"


_ABSENT: Final = object()


def unlooked_text() -> str:
    """What is said where there are too many lines to look for one."""
    return "  # Its conditions can be combined in too many ways to find a line; write one that this change concerns.\n"


def flow(value: Any) -> str:
    """A value as YAML in one line; text quoted, as codes and dates must be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, float):
        return f"{value:g}"
    return msgspec.json.encode(value).decode()
