"""Files become a rulebook: read strictly, every fault at once, then compiled.

Knows files and the order of the checks; the checks are in their own modules. YAML is for people, with positions from
the start; JSON is for programs and for numbers: it is decoded in one pass, and read again for positions only when
something is wrong with it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput, Fault, RulesRefused
from policywire.rulebook import compile as compiling
from policywire.rulebook.cases import CasesDocument
from policywire.rulebook.checks import idle_reviews, policy_findings
from policywire.rulebook.collection import Collection, Located
from policywire.rulebook.coverage import coverage_findings
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.reference_checks import contexts_findings, payer_findings, terms_findings, watch_findings
from policywire.rulebook.references import reference_findings
from policywire.rulebook.rulebook import Rulebook
from policywire.rulebook.shape import AnyDocument, typed
from policywire.rulebook.source import FILE_BYTES_MAX, Finding, parse
from policywire.rulebook.watch import WatchDocument
from policywire.rulebook.watch_cases import WatchCasesDocument
from policywire.rulebook.watch_coverage import watch_coverage_findings
from policywire.rulebook.when import When, faults_in

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""The files under a rules folder that are documents; others (a README) are left alone."""


ABSENCES: Final = frozenset(
    {
        "unknown-payer",
        "unknown-contexts",
        "unknown-terms",
        "unknown-policy",
        "no-cases",
        "no-watch-cases",
        "watch-missing",
    }
)
"""Faults that something is not there, which say nothing while a document cannot be read."""


class File(Struct, frozen=True):
    """A document to read: the name that faults carry, and its bytes."""

    name: str
    content: bytes


class Reading(Struct, frozen=True):
    """What reading a set of documents gave: the rulebook when there is no fault, what is wrong, and the cases."""

    rulebook: Rulebook | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    collection: Collection
    contents: Mapping[str, bytes]
    """The bytes of the files by name, but for policies in JSON: 10,000 of them would be most of the memory."""

    def locate(self, name: str, findings: Iterable[Finding]) -> Iterator[Fault]:
        """Findings in one of the files, with their positions."""
        return locate(name, self.contents.get(name), findings)


def load_rulebook(path: Path) -> Rulebook:
    """The rulebook of a folder of documents; cases are for ``policywire rules check`` and are not read.

    Args:
        path: the folder; every ``.yaml``, ``.yml`` and ``.json`` file in it and below is a document.

    Raises:
        RulesRefused: with every fault of every document.
        BadInput: the folder is not there or has no document.
    """
    reading = read_rules(files_in(path))
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    return reading.rulebook


def files_in(path: Path) -> Iterator[File]:
    """The documents of a folder, in the order of their names; what is said about them is in folders with a dot.

    Raises:
        BadInput: the folder is not there, is no folder, has no document, or cannot be read.
    """
    if not path.is_dir():
        raise BadInput(f"{path} is not a folder of policy documents. Give the folder, as rules/.")
    below = (each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
    names = sorted(each for each in below if not is_about(path, each))
    if not names:
        raise BadInput(f"{path} has no policy documents. Give a folder with .yaml or .json files, as rules/.")
    for name in names:
        try:
            with name.open("rb") as opened:
                # One byte more than allowed is enough to refuse it; a giant is never read whole.
                content = opened.read(FILE_BYTES_MAX + 1)
        except OSError as error:
            raise BadInput(f"{name} cannot be read: {error.strerror}.") from error
        yield File(str(name), content)


def is_about(path: Path, name: Path) -> bool:
    """Whether what is below a folder of documents has a dot before its name or its folder's, and so is none of them."""
    return any(part.startswith(".") for part in name.relative_to(path).parts)


def read(files: Iterable[File]) -> Reading:
    """Read documents, check each and all together and that cases cover them, and compile them when nothing is wrong."""
    reader = _Reader()
    for file in files:
        reader.add(file)
    return reader.finish(coverage_findings(reader.collection), watch_coverage_findings(reader.collection))


def read_rules(files: Iterable[File]) -> Reading:
    """The same without cases, for those who run none: they are neither read nor asked for, which halves the time."""
    reader = _Reader()
    for file in files:
        if not has_cases(file):
            reader.add(file)
    return reader.finish()


def document_of(file: File) -> AnyDocument:
    """The typed document of a file, its shape checked and nothing else.

    Raises:
        RulesRefused: it is none.
    """
    document, faults = _document(file)
    if document is None:
        raise RulesRefused(faults)
    return document


def has_cases(file: File) -> bool:
    """Whether a file says that it is a document of cases; the plain search spares thousands of policies the other."""
    return b"cases.v1" in file.content and _CASES.search(file.content) is not None


_CASES: Final = re.compile(rb"""(?m)(?:^|")document"?[ ]*:[ ]*["']?(?:watch-)?cases[.]v1\b""")


class _Reader:
    def __init__(self) -> None:
        self.collection = Collection()
        self.located: list[Fault] = []
        self.fingerprints: list[bytes] = []
        self.contents: dict[str, bytes] = {}
        self.compiler = compiling.Compiler()
        self.unreadable = False

    def add(self, file: File) -> None:
        document, faults = _document(file)
        self.located += faults
        findings = () if document is None else tuple(_findings(document))
        if isinstance(document, PolicyDocument) and not file.name.endswith(".json"):
            findings += tuple(idle_reviews(document))
        if findings:
            self.located += locate(file.name, file.content, findings)
        if document is None or any(finding.code == "date" for finding in findings):
            # A date outside the contracts' years cannot be computed with.
            self.unreadable = True
            return
        if not isinstance(document, CasesDocument | WatchCasesDocument):
            self.fingerprints.append(compiling.fingerprint(document))
        if not (file.name.endswith(".json") and isinstance(document, PolicyDocument)):
            self.contents[file.name] = file.content
        self._keep(file.name, document)

    def _keep(self, name: str, document: AnyDocument) -> None:
        match document:
            case PolicyDocument():
                self.collection.drafts[name] = self.compiler.draft(document)
            case PayerDocument():
                self.collection.payers[name] = document
            case ContextsDocument():
                self.collection.contexts[name] = document
            case TermsDocument():
                self.collection.terms[name] = document
            case WatchDocument():
                self.collection.watch[name] = document
            case CasesDocument():
                self.collection.cases[name] = document
            case WatchCasesDocument():
                self.collection.watch_cases[name] = document

    def finish(self, *coverage: Iterator[Located]) -> Reading:
        self.located += self._between_documents(*coverage)
        faults = tuple(sorted(each for each in self.located if each.severity == "fault"))
        warnings = tuple(sorted(each for each in self.located if each.severity == "warning"))
        return Reading(None if faults else self._compile(), faults, warnings, self.collection, self.contents)

    def _between_documents(self, *coverage: Iterator[Located]) -> Iterator[Fault]:
        by_file: dict[str, list[Finding]] = {}
        for name, finding in chain(reference_findings(self.collection), *coverage):
            # What one document lacks may stand in another that could not be read.
            if not (self.unreadable and finding.code in ABSENCES):
                by_file.setdefault(name, []).append(finding)
        for name, findings in by_file.items():
            yield from locate(name, self.contents.get(name), findings)

    def _compile(self) -> Rulebook:
        return compiling.rulebook(
            revision=compiling.revision_of(self.fingerprints),
            payers=[compiling.payer_profile(each) for each in self.collection.payers.values()],
            drafts=self.collection.drafts.values(),
            contexts={each.id: compiling.clinical_contexts(each) for each in self.collection.contexts.values()},
            terms={each.id: compiling.narrative_terms(each) for each in self.collection.terms.values()},
            watch=compiling.watch_rules(self.collection.watch.values()),
        )


def locate(name: str, content: bytes | None, findings: Iterable[Finding]) -> Iterator[Fault]:
    """Findings in a file, with their positions; without its content it is read again, or has none if it is no file."""
    if content is None:
        content = Path(name).read_bytes() if Path(name).is_file() else b""
    return map(parse(name, content).locate, findings)


def _document(file: File) -> tuple[AnyDocument | None, tuple[Fault, ...]]:
    if file.name.endswith(".json"):
        document = _decode(file.content)
        if document is not None:
            return document, ()
    source = parse(file.name, file.content)
    document, faults = typed(source)
    if document is None and not faults:
        faults = (source.fault("shape", (), "the document cannot be read", "Compare it with its schema."),)
    return document, faults


_decoder: Final[msgspec.json.Decoder[AnyDocument]] = msgspec.json.Decoder(AnyDocument)


def _decode(content: bytes) -> AnyDocument | None:
    """A JSON document, or None when anything is wrong with it and positions are needed."""
    if len(content) > FILE_BYTES_MAX:
        return None
    try:
        json.loads(content, object_pairs_hook=_once)
        document = _decoder.decode(content)
    except (ValueError, RecursionError, msgspec.DecodeError):
        return None
    if isinstance(document, PolicyDocument) and not all(_conditions_hold(document)):
        return None
    return document


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")


def _conditions_hold(policy: PolicyDocument) -> Iterator[bool]:
    for version in policy.versions:
        declared = frozenset(version.unknown)
        for rule in version.rules:
            yield rule.when is None or _is_sound(rule.when, declared)


@lru_cache(maxsize=4096)
def _is_sound(when: When, declared_unknown: frozenset[str]) -> bool:
    plain = msgspec.json.decode(msgspec.json.encode(when))
    return not any(True for _ in faults_in(plain, declared_unknown))


def _findings(document: AnyDocument) -> Iterator[Finding]:
    match document:
        case PolicyDocument():
            yield from policy_findings(document)
        case PayerDocument():
            yield from payer_findings(document)
        case ContextsDocument():
            yield from contexts_findings(document)
        case TermsDocument():
            yield from terms_findings(document)
        case WatchDocument():
            yield from watch_findings(document)
        case CasesDocument() | WatchCasesDocument():
            return
