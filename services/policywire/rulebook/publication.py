"""Documents as they are published: each as JSON, under a key that says what it is.

Knows the kinds of document and how a key is made of one; knows no topic. Cases are for those who write rules and are
not published. Published and read again, documents give the rulebook of the same revision.

======================  ===========================================
``cigna/MM 0552``       a policy: the key of its payer, and its id
``payer:cigna``         a payer's profile
``contexts:<id>``       clinical contexts
``terms:<id>``          narrative terms
``watch:<file>``        watch rules, which have no id of their own
======================  ===========================================

No id has a colon or a slash in it, so no two documents share a key.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, document_of
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.shape import AnyDocument
from policywire.rulebook.watch import WatchDocument

NAME: Final = "policy-documents"
"""Where published documents are, in the words of faults."""


def publication(folder: Path, files: Iterable[File]) -> dict[str, bytes]:
    """Every document that is published, as JSON by its key.

    Args:
        folder: where the files are, for the keys of documents without an id.
        files: sound documents, as :func:`policywire.rulebook.load.read` judges.

    Raises:
        RulesRefused: one of them cannot be read.
    """
    published = {}
    for file in files:
        document = document_of(file)
        key = _key(document, Path(file.name).relative_to(folder).as_posix())
        if key is not None:
            published[key] = msgspec.json.encode(document, order="deterministic")
    return published


def published_files(published: Mapping[str, bytes]) -> Iterator[File]:
    """What was published as files to be read again, each named by its key."""
    for key, content in published.items():
        yield File(f"{NAME}/{key}.json", content)


def _key(document: AnyDocument, name: str) -> str | None:
    match document:
        case PolicyDocument():
            return f"{document.payer}/{document.policy}"
        case PayerDocument():
            return f"payer:{document.payer}"
        case ContextsDocument():
            return f"contexts:{document.id}"
        case TermsDocument():
            return f"terms:{document.id}"
        case WatchDocument():
            return f"watch:{name}"
        case _:
            return None
