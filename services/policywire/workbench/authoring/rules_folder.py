"""A rules folder that documents are added to: where a new one belongs, whether all stays sound, how it is written.

Knows files and the checks of the rulebook; knows no answers and no list. Nothing is written before all of it is known
to be sound, and nothing that is there is overwritten unless its exact successor is given.
"""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput, Fault, RulesRefused
from policywire.resources import shipped
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import SUFFIXES, File, Reading, document_of, files_in, is_about, read, read_rules
from policywire.rulebook.reference import PayerDocument
from policywire.rulebook.shape import KINDS, schema_text
from policywire.workbench.authoring.naming import slug
from policywire.workbench.check import linted

OWN_SCHEMAS: Final = Path(".policywire", "schemas")
"""Where the schemas go when none stand beside the rules: a folder whose name begins with a dot holds no documents."""


class Folder(Struct, frozen=True):
    """A rules folder as it is on a day: its documents, and what reading them gave; None where it has none yet."""

    root: Path
    files: tuple[File, ...]
    reading: Reading | None
    today: date

    def payer(self, key: str) -> tuple[Path, PayerDocument] | None:
        """The profile of a payer and its file."""
        payers = self.reading.collection.payers if self.reading else {}
        return next(((Path(file), each) for file, each in payers.items() if each.payer == key), None)

    def policy(self, payer: str, policy: str) -> tuple[Path, PolicyDocument] | None:
        """A policy's document and its file."""
        drafts = self.reading.collection.drafts if self.reading else {}
        for file in self.files:
            draft = drafts.get(file.name)
            if draft is not None and (draft.policy.payer, draft.policy.id) == (payer, policy):
                document = document_of(file)
                assert isinstance(document, PolicyDocument)  # noqa: S101  it was compiled as one
                return Path(file.name), document
        return None

    def cases(self, payer: str, policy: str) -> Path | None:
        """The file with the cases of a policy."""
        cases = self.reading.collection.cases if self.reading else {}
        return next((Path(file) for file, each in cases.items() if (each.payer, each.policy) == (payer, policy)), None)

    def has_watch_rules(self) -> bool:
        """Whether some document says how alerts speak."""
        return bool(self.reading and self.reading.collection.watch)

    def place_of(self, payer: str, policy: str) -> Path:
        """The folder that a new policy belongs in: beside the payer's other ones."""
        found = self.payer(payer)
        beside = found[0].parent if found else self.root / (slug(payer) or payer)
        return beside / (slug(policy) or policy)

    def schemas(self) -> Path:
        """Where the schemas are that documents of the folder name."""
        beside = self.root.resolve().parent / "schemas"
        return beside if (beside / "policy.v1.schema.json").is_file() else self.root / OWN_SCHEMAS

    def modeline(self, file: Path, kind: str) -> str:
        """The path from a file of the folder to the schema of its kind, by which editors complete."""
        schema = self.schemas().resolve() / f"{kind}.schema.json"
        return Path(os.path.relpath(schema, file.parent.resolve())).as_posix()


def open_folder(root: Path, today: date) -> Folder:
    """A rules folder as it is; it may be empty, or not be there yet.

    Raises:
        BadInput: its documents have faults, which are to be mended first, or it cannot be read.
    """
    if root.exists() and not root.is_dir():
        raise BadInput(f"{root} is no folder. Give the folder of the rules with --rules.")
    if not any(each.suffix in SUFFIXES and not is_about(root, each) for each in root.rglob("*")):
        return Folder(root, (), None, today)
    files = tuple(files_in(root))
    reading = linted(read(files), today)
    if reading.faults:
        raise RulesRefused(reading.faults)
    return Folder(root, files, reading, today)


Texts = Mapping[Path, str]
"""What files are to say."""


def with_texts(folder: Folder, texts: Texts) -> tuple[File, ...]:
    """The documents of a folder as they will be."""
    new = {str(path): text for path, text in texts.items() if path.suffix in SUFFIXES and not _is_schema(path)}
    kept = (file for file in folder.files if file.name not in new)
    return tuple(
        sorted((*kept, *(File(name, text.encode()) for name, text in new.items())), key=lambda file: file.name)
    )


def _is_schema(path: Path) -> bool:
    return path.name.endswith(".schema.json")


def read_as_rules(folder: Folder, texts: Texts) -> Reading:
    """The folder as it will be, without cases.

    Raises:
        RulesRefused: it would have faults.
    """
    return _sound(read_rules(with_texts(folder, texts)))


def read_whole(folder: Folder, texts: Texts) -> Reading:
    """The folder as it will be, with every check, the linter's included.

    Raises:
        RulesRefused: it would have faults.
    """
    return _sound(linted(read(with_texts(folder, texts)), folder.today))


def _sound(reading: Reading) -> Reading:
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    return reading


def warnings_of(folder: Folder, reading: Reading, texts: Texts) -> tuple[Fault, ...]:
    """What the checker warns of in the new documents and did not before."""
    new = set(map(str, texts))
    before = folder.reading.warnings if folder.reading else ()
    known = {(each.file, each.code, each.message) for each in before}
    return tuple(
        each for each in reading.warnings if each.file in new and (each.file, each.code, each.message) not in known
    )


def schema_texts(folder: Folder) -> dict[Path, str]:
    """The schemas that the folder's documents will name, where they are not there yet."""
    place = folder.schemas()
    files = {place / f"{kind}.schema.json": schema_text(kind) for kind in KINDS}
    return {path: text for path, text in files.items() if not path.exists()}


def watch_text() -> str:
    """How alerts speak, as it ships, in JSON.

    As JSON it is a program's, and the checker does not ask for cases that a policy alone could not give.
    """
    path = shipped("rules/watch/alerts.yaml")
    document = document_of(File(str(path), path.read_bytes()))
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def write(texts: Texts, replaced: frozenset[Path] = frozenset()) -> None:
    """Write files, all of them or none: each beside its place first, and only then into it.

    Args:
        texts: what to write.
        replaced: files that may be there.

    Raises:
        BadInput: another file is there already, or one cannot be written.
    """
    taken = [str(path) for path in texts if path not in replaced and path.exists()]
    if taken:
        raise BadInput(f"{', '.join(taken)} is there already and is not overwritten. Move it away, or choose others.")
    drafts = {path: path.with_name(f".{path.name}.new") for path in texts}
    path = next(iter(texts), Path())
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            drafts[path].write_bytes(text.encode())  # as bytes: no line end is changed
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
