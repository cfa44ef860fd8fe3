"""Policy and payer documents from files, for searching: what cannot be read is named and does not stop the rest.

Knows files; does not check what documents mean (``policywire rules check`` does).
"""

from collections.abc import Iterable

from policywire.errors import BadInput, Fault, RulesRefused
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, document_of, has_cases
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.search.build import Documents


def documents_of(files: Iterable[File]) -> Documents:
    """The policies and payers among files.

    Raises:
        BadInput: there is a fault in every policy, or there is none.
    """
    policies: dict[str, PolicyDocument] = {}
    payers: dict[str, PayerDocument] = {}
    unreadable: list[str] = []
    for file in files:
        if has_cases(file):
            continue
        try:
            document = document_of(file)
        except RulesRefused as refused:
            unreadable.append(_told(refused.faults))
            continue
        if isinstance(document, PolicyDocument):
            policies[file.name] = document
        elif isinstance(document, PayerDocument):
            payers[file.name] = document
    if not policies:
        told = "".join(f"\n{each}" for each in unreadable)
        raise BadInput(f"There is no policy that can be read. policywire rules check says what is wrong.{told}")
    return Documents(policies, payers, tuple(unreadable))


def _told(faults: tuple[Fault, ...]) -> str:
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{faults[0]}{more}"
