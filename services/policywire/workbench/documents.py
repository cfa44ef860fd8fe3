"""The documents of a rules folder, typed, for commands that speak about what is written and not only about answers.

Knows the kinds of document and how a policy is asked for by name; decides nothing.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, document_of, files_in, read_rules
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import CompiledPolicy, PolicyKey, Rulebook
from policywire.rulebook.watch import WatchDocument

NAMED_MAX: Final = 20
"""So many policies are named when one is not found."""


class Documents(Struct, frozen=True, kw_only=True):
    """A rules folder: what is written in it, and the rulebook that it gives."""

    rulebook: Rulebook
    compiled: dict[PolicyKey, CompiledPolicy]
    policies: dict[PolicyKey, PolicyDocument]
    payers: dict[str, PayerDocument]
    """By key."""
    contexts: dict[str, ContextsDocument]
    terms: dict[str, TermsDocument]
    watch: tuple[WatchDocument, ...]


def read_documents(folder: Path) -> Documents:
    """Everything in a folder, sound as a whole; cases are not read.

    Raises:
        RulesRefused: a document has faults.
        BadInput: there is no such folder, or no document in it.
    """
    return documents_from(files_in(folder))


def documents_from(found: Iterable[File]) -> Documents:
    """The same of documents that are at hand already.

    Raises:
        RulesRefused: a document has faults.
    """
    files = tuple(found)
    reading = read_rules(files)
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    collection = reading.collection
    written = (document_of(file) for file in files if file.name in collection.drafts)
    return Documents(
        rulebook=reading.rulebook,
        compiled={(each.payer, each.id): each for each in reading.rulebook.policies()},
        policies={(each.payer, each.policy): each for each in written if isinstance(each, PolicyDocument)},
        payers={each.payer: each for each in collection.payers.values()},
        contexts={each.id: each for each in collection.contexts.values()},
        terms={each.id: each for each in collection.terms.values()},
        watch=tuple(collection.watch.values()),
    )


def find_policy(keys: Iterable[PolicyKey], named: str, payer: str | None) -> PolicyKey:
    """The one policy that somebody means by its id, whatever its case and blanks.

    Args:
        keys: the policies that there are.
        named: the policy's id.
        payer: the payer's key, needed where several payers have a policy of that id.

    Raises:
        BadInput: none is meant, or several are; it says which there are.
    """
    ordered = sorted(keys)
    found = [key for key in ordered if _folded(key[1]) == _folded(named) and payer in (None, key[0])]
    if len(found) == 1:
        return found[0]
    if found:
        payers = ", ".join(key[0] for key in found)
        raise BadInput(f"several payers have a policy {named}: {payers}. Say which with --payer.")
    of_payer = f" of the payer {payer}" if payer else ""
    raise BadInput(f"there is no policy {named}{of_payer}. {_suggestion(ordered, named)}")


def _suggestion(keys: list[PolicyKey], named: str) -> str:
    if not keys:
        return "The folder has no policy at all."
    ids = {_folded(policy): f"{policy} ({payer})" for payer, policy in keys}
    if close := get_close_matches(_folded(named), ids, n=3):
        return f"Did you mean {' or '.join(ids[each] for each in close)}?"
    others = "" if len(keys) <= NAMED_MAX else f" and {len(keys) - NAMED_MAX:,} more"
    return f"There are: {', '.join(f'{policy} ({payer})' for payer, policy in keys[:NAMED_MAX])}{others}."


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()
