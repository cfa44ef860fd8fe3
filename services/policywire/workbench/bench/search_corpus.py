"""Ten thousand synthetic policies to search in, and questions about them. Everything is made up; no word is a real one.

The policies of :mod:`policywire.workbench.generate_policies`, given titles and sentences of their own (words as
unevenly spread as in any language) and one to four versions from days of their own, so that no question is easier than
it would be in earnest. The same seed gives the same.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Final

from msgspec.structs import replace

from policywire.model.records import Outcome
from policywire.rulebook.document import PolicyDocument, VersionText
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.generate_policies import generate_policies
from policywire.workbench.search.build import Documents
from policywire.workbench.search.codes import CodeSet
from policywire.workbench.search.query import STATUSES, Query
from policywire.workbench.search.stems import query_stems

TODAY: Final = date(2026, 1, 5)
KINDS: Final = ("a code", "a range", "a beginning", "words", "beginnings of words", "all together", "a late page")
_SYLLABLES: Final = ("ba", "co", "di", "fe", "gu", "ka", "lo", "mi", "ne", "pa", "ro", "su", "ta", "vi")
_WORDS: Final = tuple("".join(each) for each in product(_SYLLABLES, repeat=3))


def synthetic_documents(count: int, seed: int) -> Documents:
    """So many policies with their payers."""
    random = Random(seed)  # noqa: S311 (synthetic data, no secret)
    policies, payers = {}, {}
    for number, document in enumerate(generate_policies(count, seed)):
        if isinstance(document, PolicyDocument):
            policies[f"{number:06}.json"] = _told(document, random)
        elif isinstance(document, PayerDocument):
            payers[f"{number:06}.json"] = document
    return Documents(policies, payers)


def questions(kind: str, count: int, documents: Documents, seed: int) -> Iterator[Query]:
    """So many questions of one kind."""
    random = Random(f"{seed} {kind}")  # noqa: S311 (synthetic data, no secret)
    policies = list(documents.policies.values())
    for _ in range(count):
        policy = random.choice(policies)
        code = random.choice(policy.versions[0].rules[0].codes)
        match kind:
            case "a code":
                yield Query(codes=(CodeSet(code, code),))
            case "a range":
                yield Query(codes=(CodeSet(code, f"{min(99_999, int(code) + random.choice((9, 999, 50_000))):05}"),))
            case "a beginning":
                beginning = code[: random.randint(1, 4)]
                yield Query(codes=(CodeSet(beginning, beginning, beginning=True),))
            case "words":
                yield Query(words=query_stems([_text(random, random.randint(1, 3))]))
            case "beginnings of words":
                yield Query(words=query_stems(word[:3] for word in _text(random, 2).split()))
            case "all together":
                yield _narrowed(policy, random)
            case _:
                yield Query(words=query_stems([_text(random, 1)]), all_versions=True, offset=random.randrange(5_000))


def _narrowed(policy: PolicyDocument, random: Random) -> Query:
    code = random.choice(policy.versions[0].rules[0].codes)
    return Query(
        codes=(CodeSet(code[:2], code[:2], beginning=True),),
        words=query_stems([policy.title.split()[0]]),
        payer=random.choice((None, policy.payer)),
        outcomes=tuple(random.sample((Outcome.COVERED, Outcome.REVIEW, Outcome.NOT_MEDICALLY_NECESSARY), 2)),
        statuses=tuple(random.sample(STATUSES, 2)),
        on=_day(random),
        known_on=random.choice((None, _day(random))),
        all_versions=random.random() < 0.5,  # noqa: PLR2004  half of them
    )


def _told(policy: PolicyDocument, random: Random) -> PolicyDocument:
    days = sorted({_day(random) for _ in range(random.randint(1, 4))})
    versions = tuple(_version(random.choice(policy.versions), day, random) for day in days)
    scope = replace(policy.scope, summary=_text(random, 20))
    return replace(policy, title=_text(random, 6), scope=scope, versions=versions)


def _version(version: VersionText, day: date, random: Random) -> VersionText:
    rules = tuple(replace(rule, indication=_text(random, 6), rationale=_text(random, 12)) for rule in version.rules)
    known = day - timedelta(random.randrange(90))
    return replace(version, effective_from=day, known_from=known, basis=_text(random, 15), rules=rules)


def _day(random: Random) -> date:
    return date(2016, 1, 1) + timedelta(random.randrange(4_000))


def _text(random: Random, count: int) -> str:
    # Zipf's law: the rank's logarithm is even. The commonest word is one in eleven.
    ranks = (int(len(_WORDS) ** random.random()) for _ in range(count))
    return " ".join(_WORDS[rank * 37 % len(_WORDS)] for rank in ranks)
