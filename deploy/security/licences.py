# ruff: noqa: INP001  a program beside its policy, not a package
"""Holds the packages of an environment against ``licences.toml`` and lists them. For ``make sbom``; see ``--help``.

Knows pip-licenses' JSON, CycloneDX' JSON and the lock's lines. Knows no network.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

POLICY = Path(__file__).with_name("licences.toml")


class Package(NamedTuple):
    """What an environment has."""

    name: str
    version: str
    licence: str


def normal(name: str) -> str:
    """A package's name as locks write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages_of(report: Path) -> list[Package]:
    """The packages in pip-licenses' JSON, by name."""
    found = json.loads(report.read_text("utf-8"))
    return sorted(Package(normal(each["Name"]), each["Version"], each["License"]) for each in found)


def faults_of(packages: Iterable[Package], policy: Mapping[str, Any], *, shipped: bool) -> Iterator[str]:
    """What is not allowed, a line each.

    Args:
        packages: of the environment.
        policy: the document ``licences.toml``.
        shipped: whether the environment is what is given to others.
    """
    for package in packages:
        if package.name == "policywire" or _is_allowed(package.licence, policy, ()):
            continue
        exception = policy["exceptions"].get(package.name)
        if exception is None or not _is_allowed(package.licence, policy, (exception["licence"],)):
            yield f"{package.name} {package.version}: {package.licence} is not allowed by deploy/security/licences.toml"
        elif shipped and not exception["shipped"]:
            yield f"{package.name} {package.version}: {package.licence} is allowed for tools, not for what is shipped"


def _is_allowed(licence: str, policy: Mapping[str, Any], more: tuple[str, ...]) -> bool:
    """Of an SPDX expression every AND must be allowed, and of an OR one; ``;`` of classifiers stands for AND."""
    bare = licence.replace("(", " ").replace(")", " ") if " OR " in licence or " AND " in licence else licence
    allowed = {*policy["allowed"], *more}
    parts = [part.strip() for part in re.split(r" AND |;", bare)]
    return all(any(_known(one, policy) in allowed for one in part.split(" OR ")) for part in parts)


def _known(name: str, policy: Mapping[str, Any]) -> str:
    return str(policy["names"].get(name.strip(), name.strip()))


def differences(bill: Path, lock: Path) -> Iterator[str]:
    """Where a bill of materials and a lock do not name the same packages and versions, a line each."""
    components = json.loads(bill.read_text("utf-8"))["components"]
    has = {normal(each["name"]): each["version"] for each in components} | {"policywire": ""}
    entries = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)(.*)$", lock.read_text("utf-8"), re.MULTILINE)
    versions: dict[str, set[str]] = {}
    for name, version, _ in entries:
        versions.setdefault(name, set()).add(version)
    for name, version in has.items():
        if name != "policywire" and version not in versions.get(name, ()):
            yield f"{name} {version} is in the bill, and the lock has {versions.get(name, 'none')}"
    for name, version, marker in entries:
        if name not in has and ";" not in marker:
            yield f"{name} {version} is locked and not in the bill"


def table(packages: Iterable[Package]) -> str:
    """The list for people, in Markdown."""
    rows = "".join(f"| {each.name} | {each.version} | {each.licence} |\n" for each in packages)
    return f"# Licences of what is shipped with policywire\n\n| package | version | licence |\n|---|---|---|\n{rows}"


def main() -> int:
    """Write the list; status 1 with every fault on standard error, if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="pip-licenses --from=mixed --format=json of the environment")
    parser.add_argument("--tools", action="store_true", help="it is an environment to work in, not what is shipped")
    parser.add_argument("--bill", type=Path, help="a CycloneDX bill of the same environment")
    parser.add_argument("--lock", type=Path, help="what the bill must agree with")
    parser.add_argument("--out", type=Path, help="write the list there")
    given = parser.parse_args()
    packages, policy = packages_of(given.report), tomllib.loads(POLICY.read_text("utf-8"))
    faults = list(faults_of(packages, policy, shipped=not given.tools))
    if given.bill and given.lock:
        faults += differences(given.bill, given.lock)
    if given.out:
        given.out.write_text(table(packages), "utf-8")
    for fault in faults:
        print(fault, file=sys.stderr)  # noqa: T201  a program's answer
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
