"""The same questions put to SQLite in memory: a table of codes and a full-text index (FTS5), both as it advises.

Knows SQL; answers with the number of versions and the first page of them, without rules and timelines put together.
What SQLite is not asked here (statuses, what was known when) would come on top.
"""

import sqlite3
from collections.abc import Iterator

from policywire.workbench.search.build import Documents
from policywire.workbench.search.codes import CodeSet
from policywire.workbench.search.entry import document_texts, version_texts
from policywire.workbench.search.query import Query
from policywire.workbench.search.stems import stems_of


class Peer:
    """Documents in SQLite."""

    def __init__(self, documents: Documents) -> None:
        self._tables = sqlite3.connect(":memory:")
        self._tables.execute("create table listed (code text, version integer, outcome text)")
        self._tables.execute("create virtual table words using fts5 (text, prefix='3', detail=none)")
        codes, texts = [], []
        for ordinal, (text, listed) in enumerate(_versions(documents)):
            codes += [(code, ordinal, outcome) for code, outcome in listed]
            texts.append((ordinal, text))
        self._tables.executemany("insert into listed values (?, ?, ?)", codes)
        self._tables.executemany("insert into words (rowid, text) values (?, ?)", texts)
        self._tables.execute("create index by_code on listed (code, version)")
        self._tables.execute("insert into words (words) values ('optimize')")

    def ask(self, query: Query) -> tuple[int, list[int]]:
        """How many versions have the codes and all the words, and the first page of them."""
        parts: list[str] = []
        values: list[str] = []
        for each in query.codes:
            parts.append("select distinct version from listed where code between ? and ?")
            values += _ends(each)
        if query.words:
            parts.append("select rowid from words where words match ?")
            values.append(" AND ".join(f'"{word}"*' for word in query.words))
        found = self._tables.execute(" intersect ".join(parts), values).fetchall()
        return len(found), [version for (version,) in found[query.offset : query.offset + query.limit]]


def _ends(codes: CodeSet) -> tuple[str, str]:
    return (codes.low, f"{codes.low}~") if codes.beginning else (codes.low, codes.high)


def _versions(documents: Documents) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    for policy in documents.policies.values():
        shared = [text for _, text in document_texts(policy)]
        for version in policy.versions:
            texts = (*shared, *(text for _, text in version_texts(version)))
            stems = {stem for text in texts for stem in stems_of(text)}
            yield " ".join(stems), {(code, rule.outcome) for rule in version.rules for code in rule.codes}
