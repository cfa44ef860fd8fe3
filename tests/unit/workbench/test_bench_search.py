"""The benchmark of searches asks three ways the same, of policies that differ as policies do."""

from msgspec.structs import replace

from policywire.workbench.bench.search import measure_search, scan
from policywire.workbench.bench.search_corpus import KINDS, TODAY, questions, synthetic_documents
from policywire.workbench.bench.search_peer import Peer
from policywire.workbench.search.build import build_index


def test_index_peer_and_scan_find_the_same_number_of_versions() -> None:
    documents = synthetic_documents(60, 3)
    index, peer = build_index(documents), Peer(documents)
    found = set()
    for kind in ("a code", "a range", "a beginning", "words", "beginnings of words"):
        for query in questions(kind, 12, documents, 3):
            total = index.search(replace(query, all_versions=True), TODAY).total
            assert total == peer.ask(query)[0] == scan(documents, query)
            found.add(total)
    assert len(found) > 5


def test_policies_differ_in_words_and_days_and_the_same_seed_gives_the_same() -> None:
    documents = synthetic_documents(200, 3)
    policies = list(documents.policies.values())
    assert {len(each.versions) for each in policies} == {1, 2, 3, 4}
    assert len({each.title for each in policies}) == len(policies)
    assert synthetic_documents(200, 3) == documents
    assert synthetic_documents(200, 4) != documents


def test_every_kind_of_question_is_measured_beside_its_peers() -> None:
    rows = list(measure_search(1, 40, 5))
    told = [row.what for row in rows]
    assert [f"search: {kind}, p99" for kind in KINDS] == [each for each in told if each[8:-5] in KINDS]
    assert {"SQLite: words, ids alone, p99", "a scan through all versions, p99"} <= set(told)
    assert all(value > 0 for row in rows for value in row.values)
