"""How long a search takes over 10,000 policies with every version, by kind of question, beside SQLite and a plain scan.

Counts this process' processor time, question by question: nothing measured here waits, and what else the machine does
must not count. A question's time is that of the whole page: found, ordered, its rules and timelines put together.
"""

import gc
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import process_time, process_time_ns
from typing import Any, Final

import msgspec

from policywire.rulebook.load import File
from policywire.workbench.bench.search_corpus import KINDS, TODAY, questions, synthetic_documents
from policywire.workbench.bench.search_peer import Peer
from policywire.workbench.bench.table import Row
from policywire.workbench.search.build import Documents, build_index
from policywire.workbench.search.entry import document_texts, version_texts
from policywire.workbench.search.query import Query
from policywire.workbench.search.shelf import index_of
from policywire.workbench.search.stems import BEGINNING_MIN, stems_of

SEED: Final = 1
BAR: Final = "< 5"
_PEER_KINDS: Final = ("a code", "a range", "words")
_PEER_QUESTIONS: Final = 300
"""Of each kind, for a wide range takes SQLite a twentieth of a second."""
_SCANNED: Final = 3
"""A scan takes a second: a few tell it."""


def measure_search(runs: int, policies: int, count: int) -> Iterator[Row]:
    """The rows about searching.

    Args:
        runs: how often every question is asked.
        policies: how many there are.
        count: questions of each kind.
    """
    documents = synthetic_documents(policies, SEED)
    began = process_time()
    index = build_index(documents)
    made = process_time() - began
    inputs = f"{policies:,} policies, {index.size:,} versions"
    yield Row("search: the index made from documents", inputs, [made], "s")
    yield from _kept(documents, inputs, runs)
    asked = {kind: list(questions(kind, count, documents, SEED)) for kind in KINDS}
    peer = Peer(documents)
    gc.collect()
    gc.freeze()

    def search(query: Query) -> object:
        return index.search(query, TODAY)

    times = {kind: [_times(search, asked[kind]) for _ in range(runs)] for kind in KINDS}
    for kind in KINDS:
        yield _row(f"search: {kind}", f"{inputs}, {count:,} questions", times[kind], BAR)
    together = [[each for kind in KINDS for each in times[kind][run]] for run in range(runs)]
    yield _row("search: every kind together", f"{inputs}, {count * len(KINDS):,} questions", together, BAR)
    for kind in _PEER_KINDS:
        times_of_peer = [_times(peer.ask, asked[kind][:_PEER_QUESTIONS]) for _ in range(runs)]
        yield _row(f"SQLite: {kind}, ids alone", inputs, times_of_peer, "")
    scanned = [asked[kind][0] for kind in _PEER_KINDS][:_SCANNED]
    yield _row("a scan through all versions", inputs, [_times(lambda query: scan(documents, query), scanned)], "")
    gc.unfreeze()


def _row(what: str, inputs: str, runs: Sequence[Sequence[float]], bar: str) -> Row:
    p99s = [quantiles(times, n=100, method="inclusive")[98] for times in runs]
    return Row(f"{what}, p99", inputs, p99s, "ms", bar, f"p50 {median(runs[0]):.3g} ms")


def _times(ask: Callable[[Query], Any], queries: Sequence[Query]) -> list[float]:
    """Milliseconds of processor time of each."""
    taken = []
    for query in queries:
        began = process_time_ns()
        ask(query)
        taken.append((process_time_ns() - began) / 1e6)
    return taken


def _kept(documents: Documents, inputs: str, runs: int) -> Iterator[Row]:
    """An index taken from its file, the documents' bytes looked at for it too: what a command waits for."""
    encoder = msgspec.json.Encoder()
    written = (*documents.policies.items(), *documents.payers.items())
    files = [File(name, encoder.encode(each)) for name, each in written]
    with tempfile.TemporaryDirectory(prefix="policywire-bench-") as folder:
        shelf = Path(folder)
        index_of(files, shelf)
        size = sum(each.stat().st_size for each in shelf.iterdir()) / 2**20
        seconds = []
        for _ in range(runs):
            began = process_time()
            index_of(files, shelf)
            seconds.append(process_time() - began)
    yield Row("search: the index taken from its file", inputs, seconds, "s", "", f"{size:.0f} MiB")


def scan(documents: Documents, query: Query) -> int:
    """How many versions have one of the codes and all the words, by a plain look at each."""
    found = 0
    for policy in documents.policies.values():
        shared = [text for _, text in document_texts(policy)]
        for version in policy.versions:
            codes = (code for rule in version.rules for code in rule.codes)
            if query.codes and not any(wanted.holds(code) for code in codes for wanted in query.codes):
                continue
            texts = (*shared, *(text for _, text in version_texts(version))) if query.words else ()
            stems = {stem for text in texts for stem in stems_of(text)}
            found += all(
                word in stems or (len(word) >= BEGINNING_MIN and any(stem.startswith(word) for stem in stems))
                for word in query.words
            )
    return found
