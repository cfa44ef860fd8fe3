"""Findings as SARIF 2.1.0, the form in which code-scanning front ends take them.

Knows the format and the catalogue; does not know how anything is found. File names are relative to the folder in which
the command runs, as a repository's front end wants them. A result's fingerprint is of what and where in the document it
is, and not of its line, so that it stays the same finding while lines are added above it.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from policywire import __version__
from policywire.errors import Fault
from policywire.workbench.lint.catalogue import BY_SLUG, CATALOGUE
from policywire.workbench.lint.catalogue.code import Code

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "%SRCROOT%"
FINGERPRINT: Final = "policywire/v1"

_LEVELS: Final = {"fault": "error", "warning": "warning"}
_PLACES: Final[Mapping[str, int]] = {each.slug: place for place, each in enumerate(CATALOGUE)}


def sarif(faults: Iterable[Fault], accepted: Iterable[tuple[Fault, str]], here: Path) -> dict[str, Any]:
    """A SARIF log of one run.

    Args:
        faults: faults and warnings that stand.
        accepted: warnings that a document accepts, each with its reason; they are told as suppressed.
        here: the folder in which the command runs.
    """
    seen: dict[str, int] = {}
    results = [_result(each, here, seen) for each in faults]
    results += [
        _result(each, here, seen) | {"suppressions": [{"kind": "inSource", "justification": why}]}
        for each, why in accepted
    ]
    driver = {"name": "policywire", "semanticVersion": __version__, "rules": list(map(_rule, CATALOGUE))}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which the command ran."}}},
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": "".join(word.capitalize() for word in code.slug.split("-")),
        "shortDescription": {"text": code.means},
        "fullDescription": {"text": f"{code.means} {code.mend}"},
        "help": {
            "text": f"{code.mend}\n\nExample:\n{code.example}",
            "markdown": f"{code.mend}\n\n```yaml\n{code.example}\n```",
        },
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
        "properties": {"slug": code.slug, "tags": ["policy"]},
    }


def _result(fault: Fault, here: Path, seen: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(fault.file, here),
            "region": {"startLine": fault.line, "startColumn": fault.column},
        }
    }
    if fault.path:
        location["logicalLocations"] = [{"fullyQualifiedName": fault.path}]
    return {
        "ruleId": BY_SLUG[fault.code].id,
        "ruleIndex": _PLACES[fault.code],
        "level": _LEVELS[fault.severity],
        "message": {"text": f"{fault.message}. {fault.mend}"},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: _fingerprint(fault, here, seen)},
    }


def _artifact(file: str, here: Path) -> dict[str, str]:
    path, root = Path(file).resolve(), here.resolve()
    if path.is_relative_to(root):
        return {"uri": quote(path.relative_to(root).as_posix()), "uriBaseId": ROOT}
    return {"uri": path.as_uri()}


def _fingerprint(fault: Fault, here: Path, seen: dict[str, int]) -> str:
    """The same as long as the finding is: equal ones of one place are told apart by their order."""
    what = "\n".join((fault.code, _artifact(fault.file, here)["uri"], fault.path))
    seen[what] = seen.get(what, 0) + 1
    return blake2b(f"{what}\n{seen[what]}".encode(), digest_size=16).hexdigest()
