"""The naive search: every version of every document is looked at, one question after the other, without any index."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from policywire.model.codes import is_procedure_code, procedure_code
from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.search.codes import CodeSet
from policywire.workbench.search.entry import REMARK, document_texts, version_texts
from policywire.workbench.search.query import STATUSES, Query, Status
from policywire.workbench.search.stems import BEGINNING_MIN, stems_of


class Seen(NamedTuple):
    """A hit, without what is only shown."""

    payer: str
    policy: str
    version: date
    status: Status
    worth: int


def scan(policies: Sequence[PolicyDocument], payers: Sequence[PayerDocument], query: Query, today: date) -> list[Seen]:
    """All hits in the order in which a search gives them, on however many pages."""
    found: list[Seen] = []
    for policy in sorted(policies, key=lambda each: (each.payer, each.policy)):
        payer = next((each for each in payers if each.payer == policy.payer), None)
        of_policy = list(_of_policy(policy, payer, query, today))
        found += of_policy if query.all_versions else _one_of(of_policy)
    return sorted(found, key=lambda each: (-each.worth, STATUSES.index(each.status)))


def _of_policy(policy: PolicyDocument, payer: PayerDocument | None, query: Query, today: date) -> Iterator[Seen]:
    if query.policy is not None and _bare(query.policy) != _bare(policy.policy):
        return
    names = (policy.payer, *((payer.name, *payer.payer_ids) if payer else ()))
    if query.payer is not None and _bare(query.payer) not in map(_bare, names):
        return
    known = [each for each in policy.versions if query.known_on is None or each.known_from <= query.known_on]
    wanted = query.statuses or (("in_force",) if query.on else STATUSES)
    texts = [*document_texts(policy), (REMARK, f"{policy.payer} {payer.name if payer else ''}")]
    for version in known:
        status = _status(version, known, query.on or query.known_on or today)
        worths = [_worth(word, [*texts, *version_texts(version)]) for word in query.words]
        if status in wanted and all(worths) and any(_fits(rule, query) for rule in version.rules):
            yield Seen(policy.payer, policy.policy, version.effective_from, status, sum(worths))


def _one_of(found: list[Seen]) -> list[Seen]:
    in_force = [each for each in found if each.status == "in_force"]
    upcoming = [each for each in found if each.status == "upcoming"]
    return (in_force or upcoming[:1] or found[-1:])[:1]


def _status(version: VersionText, known: Sequence[VersionText], day: date) -> Status:
    if version.effective_from > day:
        return "upcoming"
    if any(version.effective_from < each.effective_from <= day for each in known):
        return "superseded"
    through = version.effective_through
    return "expired" if through is not None and through < day else "in_force"


def _worth(word: str, texts: Sequence[tuple[int, str]]) -> int:
    worths = [0]
    for weight, text in texts:
        for stem in stems_of(text):
            if stem == word:
                worths.append(weight * 2)
            elif len(word) >= BEGINNING_MIN and stem.startswith(word):
                worths.append(weight)
    return max(worths)


def _fits(rule: RuleText, query: Query) -> bool:
    codes = [code for code in map(procedure_code, rule.codes) if is_procedure_code(code)]
    if query.outcomes and rule.outcome not in query.outcomes:
        return False
    return not query.codes or any(_is_in(code, wanted) for code in codes for wanted in query.codes)


def _is_in(code: str, wanted: CodeSet) -> bool:
    if wanted.beginning:
        return code[: len(wanted.low)] == wanted.low
    same_kind = (code[0].isalpha(), code[-1] if code[-1].isalpha() else "") == (
        wanted.low[0].isalpha(),
        wanted.low[-1] if wanted.low[-1].isalpha() else "",
    )
    return same_kind and wanted.low <= code <= wanted.high


def _bare(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())
