"""The index finds, for random policies and queries, what a scan through all documents finds, in the same order."""

from datetime import date, timedelta
from typing import Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.property.search_oracle import Seen, scan

from policywire.model.records import Outcome
from policywire.rulebook.document import Citation, PolicyDocument, RuleText, Scope, VersionText
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.search.bitset import bits_of, families, ordinals_in, pack, unpack
from policywire.workbench.search.build import Documents, build_index
from policywire.workbench.search.codes import CodeSet, kind_of
from policywire.workbench.search.index import SearchIndex
from policywire.workbench.search.postings import code_postings, day_postings, posting
from policywire.workbench.search.query import STATUSES, Query
from policywire.workbench.search.stems import stem, stems_of

DAY: Final = date(2024, 1, 1)
WORDS: Final = [
    "marrow",
    "harvests",
    "harvesting",
    "harvester",
    "knee",
    "haematology",
    "hematology",
    "of",
    "tumour",
    "x",
    "xy",
]
CODES: Final = [*(f"{number:05}" for number in range(10_000, 10_060)), "0100T", "0565T", "0566T", "A0001", "J0002"]
OUTCOMES: Final = [each for each in Outcome if each != Outcome.NO_POLICY_IN_FORCE]
PAYERS: Final = [
    PayerDocument(
        payer=key,
        name=name,
        payer_ids=(number,),
        lines_of_business={"commercial": ("commercial",)},
        default_line_of_business="commercial",
    )
    for key, name, number in (("acme", "Acme Health", "12345"), ("birch", "Birch Knee Plans", "B-1"))
]

days = st.integers(0, 40).map(lambda days: DAY + timedelta(days))
text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


@st.composite
def rules(draw: st.DrawFn, number: int) -> RuleText:
    return RuleText(
        id=f"r{number}",
        codes=tuple(draw(st.lists(st.sampled_from([*CODES, "not a code"]), min_size=1, max_size=6, unique=True))),
        indication=draw(text),
        outcome=draw(st.sampled_from(OUTCOMES)),
        rationale=draw(text),
    )


@st.composite
def versions(draw: st.DrawFn) -> tuple[VersionText, ...]:
    starts = draw(st.lists(days, min_size=1, max_size=4, unique=True).map(sorted))
    made = []
    for start in starts:
        end = draw(st.none() | st.integers(0, 10))
        made.append(
            VersionText(
                effective_from=start,
                effective_through=None if end is None else start + timedelta(end),
                known_from=start + timedelta(draw(st.integers(-10, 0))),
                basis=draw(text),
                position="covered",
                prior_authorization="unknown",
                rules=tuple(draw(rules(number)) for number in range(draw(st.integers(1, 3)))),
            )
        )
    return tuple(made)


@st.composite
def documents(draw: st.DrawFn) -> list[PolicyDocument]:
    return [
        PolicyDocument(
            payer=draw(st.sampled_from(["acme", "birch", "nobody"])),
            policy=f"P {number:02}",
            title=draw(text),
            scope=Scope(lines_of_business=("commercial",), summary=draw(st.none() | text)),
            change_type="New",
            impact="Low",
            known_from=DAY,
            citations=(Citation(id="c", title="C", source="S", kind="primary", retrieved=DAY),),
            versions=draw(versions()),
        )
        for number in range(draw(st.integers(1, 12)))
    ]


@st.composite
def code_sets(draw: st.DrawFn) -> CodeSet:
    code = draw(st.sampled_from(CODES))
    match draw(st.sampled_from(["one", "range", "beginning"])):
        case "one":
            return CodeSet(code, code)
        case "beginning":
            low = code[: draw(st.integers(1, 5))]
            return CodeSet(low, low, beginning=True)
        case _:
            low, high = sorted(
                (code, draw(st.sampled_from([each for each in CODES if kind_of(each) == kind_of(code)])))
            )
            return CodeSet(low, high)


stems = st.sampled_from([*map(stem, WORDS), "har", "hem", "ha", "zebra"])
queries = st.builds(
    Query,
    codes=st.lists(code_sets(), max_size=2).map(tuple),
    words=st.lists(stems, max_size=3, unique=True).map(tuple),
    payer=st.none() | st.sampled_from(["acme", "Acme health", "12345", "b1", "nobody", "zebra"]),
    policy=st.none() | st.sampled_from(["p01", "P 02", "p99"]),
    outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=2, unique=True).map(tuple),
    statuses=st.lists(st.sampled_from(STATUSES), max_size=2, unique=True).map(tuple),
    on=st.none() | days,
    known_on=st.none() | days,
    all_versions=st.booleans(),
    limit=st.integers(1, 30),
    offset=st.integers(0, 12),
)


def index_of(policies: list[PolicyDocument]) -> SearchIndex:
    """The index as it is after it was kept in a file."""
    made = build_index(Documents({f"{n}.yaml": each for n, each in enumerate(policies)}, {p.name: p for p in PAYERS}))
    return msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=SearchIndex)


@settings(max_examples=150, deadline=None)
@given(policies=documents(), asked=st.lists(queries, min_size=1, max_size=12), today=days)
def test_a_search_is_a_scan_through_all_documents(
    policies: list[PolicyDocument], asked: list[Query], today: date
) -> None:
    index = index_of(policies)
    for query in asked:
        found = index.search(query, today)
        expected = scan(policies, PAYERS, query, today)
        seen = [Seen(each.payer, each.policy, each.version, each.status, each.worth) for each in found.hits]
        assert seen == expected[query.offset : query.offset + query.limit]
        assert found.total == len(expected)


@settings(max_examples=60, deadline=None)
@given(policies=documents(), query=queries, today=days)
def test_a_hit_shows_the_rules_that_were_asked_for_and_no_day_of_another_version(
    policies: list[PolicyDocument], query: Query, today: date
) -> None:
    index = index_of(policies)
    for hit in index.search(replace(query, offset=0), today).hits:
        assert hit.rules
        for rule in hit.rules:
            assert not query.outcomes or rule.outcome in query.outcomes
            assert rule.matched or not query.codes
            assert all(any(wanted.holds(code) for wanted in query.codes) for code in rule.matched if query.codes)
        own = [each for each in policies if (each.payer, each.policy) == (hit.payer, hit.policy)]
        known = [v for p in own for v in p.versions if query.known_on is None or v.known_from <= query.known_on]
        later = [each.effective_from for each in known if each.effective_from > hit.version]
        written = next(each.effective_through for each in known if each.effective_from == hit.version)
        assert hit.effective_through == (written or (min(later) - timedelta(1) if later else None))


@given(members=st.sets(st.integers(0, 300)), skip=st.integers(0, 310), limit=st.integers(1, 50))
def test_a_page_of_a_set_is_a_page_of_its_list(members: set[int], skip: int, limit: int) -> None:
    ordered = sorted(members)
    assert unpack(pack(ordered, 301), 301) == bits_of(ordered, 301)
    assert ordinals_in(bits_of(ordered, 301), skip, limit) == ordered[skip : skip + limit]


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12), data=st.data())
def test_neighbours_are_those_of_the_same_policy(sizes: list[int], data: st.DataObject) -> None:
    owner = [number for number, size in enumerate(sizes) for _ in range(size)]
    members = data.draw(st.sets(st.integers(0, len(owner) - 1)))
    of = families(sizes)
    everybody = range(len(owner))
    before = {each for each in everybody if any(owner[each] == owner[other] and each < other for other in members)}
    after = {each for each in everybody if any(owner[each] == owner[other] and each > other for other in members)}
    bits = bits_of(members, len(owner))
    assert of.before(bits) == bits_of(before, len(owner))
    assert of.after(bits) == bits_of(after, len(owner))
    assert of.whole(bits) == bits_of(before | after | members, len(owner))


MANY: Final = {f"{number:05}": [posting(number // 7, OUTCOMES[number // 3 % 3])] for number in range(0, 20_000, 3)}
MANY_CODES: Final = code_postings(MANY, 3_000)
MANY_DAYS: Final = [(ordinal, DAY + timedelta(ordinal * 37 % 500)) for ordinal in range(2_000)]
MANY_DAYS_KEPT: Final = day_postings(MANY_DAYS, 2_000)


@given(ends=st.lists(st.integers(0, 20_001), min_size=2, max_size=2).map(sorted), number=st.integers(0, 2))
def test_a_range_of_thousands_of_codes_is_each_of_them(ends: list[int], number: int) -> None:
    low, high = ends
    expected = {code // 7 for code in range(0, 20_000, 3) if low <= code <= high and code // 3 % 3 == number}
    given_outcome = frozenset((list(Outcome).index(OUTCOMES[number]),))
    found = MANY_CODES.find(CodeSet(f"{low:05}", f"{high:05}"), given_outcome)
    assert found == bits_of(expected, 3_000)


@given(days=st.integers(-5, 505))
def test_a_day_parts_those_before_it_from_those_after(days: int) -> None:
    day = DAY + timedelta(days)
    assert MANY_DAYS_KEPT.until(day) == bits_of((each for each, of in MANY_DAYS if of <= day), 2_000)
    assert MANY_DAYS_KEPT.before(day) == bits_of((each for each, of in MANY_DAYS if of < day), 2_000)


def test_a_word_is_found_in_either_spelling_and_number() -> None:
    assert stems_of("Haematology tumours, injecting") == stems_of("hematology tumor injected")
    assert stem("status") == "status"
