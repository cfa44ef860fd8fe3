"""What a decision costs, with few and with many policies: one that is made, and one that finds nothing to decide.

Policies and inputs are synthetic. A made decision tries all eight rules of a version, so its explanation is
the longest.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from random import Random
from statistics import median
from typing import Any, Final

import msgspec

from policywire.cases.codec import encode as encode_timeline
from policywire.cases.fold import fold
from policywire.cases.items import claim_items, standing_claims
from policywire.cases.timeline import blank
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import render
from policywire.model.decode import CLAIM_DECODER
from policywire.model.events import ClaimContent
from policywire.model.records import encode
from policywire.resources import shipped
from policywire.rulebook.load import File, files_in, load_rulebook, read
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.workbench.bench.sampling import in_turn
from policywire.workbench.bench.table import Row
from policywire.workbench.bench.zen_peer import zen_rows
from policywire.workbench.generate import ClaimMix, generate_claims
from policywire.workbench.generate.practice import CIGNA
from policywire.workbench.generate_policies import generate_policies

SIZES: Final = (10, 1_500, 10_000)
SEED: Final = 1
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
_CALLS: Final = 4_000


def measure_decisions(runs: int, sizes: Sequence[int] = SIZES) -> Iterator[Row]:
    """The rows about decisions; takes some seconds to compile, then about a second a run.

    Args:
        runs: how often each is measured.
        sizes: numbers of policies.
    """
    books = {size: _rulebook(size) for size in sizes}
    items = {size: hit_items(book, _CALLS) for size, book in books.items()}
    misses = {size: _misses(book) for size, book in books.items()}
    hits = in_turn(runs, {size: (_decide_with(book), items[size]) for size, book in books.items()})
    looks = in_turn(runs, {size: (_step_with(book), _decoded(misses[size])) for size, book in books.items()})
    reads = in_turn(runs, {size: (_read_with(book), misses[size]) for size, book in books.items()})
    lines = {size: sum(len(claim.lines) for claim in _decoded(each)) / len(each) for size, each in misses.items()}
    for size in sizes:
        yield Row("determination, explained and encoded", _policies(size), hits[size], "us", "<= 15")
    yield from _per_second(hits, "determinations a second, one core")
    for size in sizes:
        per_line = [each / lines[size] for each in looks[size]]
        yield Row("line that yields nothing", _policies(size), per_line, "us", "<= 1")
    yield from _per_second(looks, "claims a second that yield nothing, decoded before")
    for size in sizes:
        yield Row("decode and look-up of a claim that yields nothing", _policies(size), reads[size], "us")
    yield _growth("growth of a determination", hits)
    yield _growth("growth of decode and look-up", reads)
    yield from _whole_steps(runs)
    yield from zen_rows(runs, sizes)


def hit_items(rulebook: Rulebook, count: int) -> list[Item]:
    """Items that a generated policy lists, drawn evenly from all its payers and codes, on days of both versions."""
    random = Random(SEED)  # noqa: S311  synthetic data
    listed = [(payer_id, code) for payer_id in _synthetic(rulebook) for code in sorted(rulebook.index[payer_id])]
    return [_item(number, *random.choice(listed), random) for number in range(count)]


def _item(number: int, payer_id: str, code: str, random: Random) -> Item:
    day = date(2025, 7, 1) + timedelta(days=random.randrange(365))
    return Item(
        owner_id=f"CLM-{number}",
        line_number=1,
        event_id=f"evt-{number}",
        decided_for="2026-06-01T00:00:00Z",
        payer_id=payer_id,
        line_of_business="commercial",
        procedure_code=code,
        first_day=day,
        last_day=day,
        diagnoses=("M1711", "M25561"),
        taxonomy="207X00000X",
        narrative=None,
        modifiers=("RT",),
        units=1.0,
        charge="4200.00",
        stage="submitted",
    )


def _items_of_mm_0552(rulebook: Rulebook) -> list[Item]:
    """The listed lines of generated claims."""
    claims = [
        CLAIM_DECODER.decode(each.value) for each in generate_claims(_CALLS, SEED, ClaimMix(hits=1, corrections=0))
    ]
    timelines = [fold(claim, blank(claim.member_id), rulebook) for claim in claims]
    standing = chain.from_iterable(map(standing_claims, timelines))
    items = (item for claim_id, claim in standing for item in claim_items(claim_id, claim))
    return [item for item in items if item.procedure_code in rulebook.listed_codes]


def _rulebook(size: int) -> Rulebook:
    """So many generated policies beside the rules that ship."""
    documents = enumerate(generate_policies(size, SEED))
    synthetic = (File(f"{number:06}.json", msgspec.json.encode(document)) for number, document in documents)
    reading = read(chain(files_in(shipped("rules")), synthetic))
    assert reading.rulebook is not None  # noqa: S101  we generate sound documents
    return reading.rulebook


def _misses(rulebook: Rulebook) -> list[bytes]:
    """Claims of the generated policies' payers with no listed code; the claims' own payer ids are replaced."""
    payer_ids = _synthetic(rulebook)
    made = []
    for number, event in enumerate(generate_claims(_CALLS, SEED, ClaimMix(hits=0, corrections=0))):
        claim = CLAIM_DECODER.decode(event.value)
        payer_id = payer_ids[number % len(payer_ids)]
        assert isinstance(claim, ClaimContent)  # noqa: S101  there are no corrections
        if not any(line.procedure_code in rulebook.index[payer_id] for line in claim.lines):
            made.append(
                (event.value or b"").replace(
                    b'"payer_id":"' + claim.payer_id.encode(), b'"payer_id":"' + payer_id.encode()
                )
            )
    return made


def _synthetic(rulebook: Rulebook) -> list[str]:
    return sorted(payer_id for payer_id in rulebook.payers if payer_id != CIGNA)


def _decoded(values: Sequence[bytes]) -> list[Any]:
    return [CLAIM_DECODER.decode(value) for value in values]


def _decide_with(rulebook: Rulebook) -> Callable[[Item], object]:
    def decide(item: Item) -> None:
        for verdict in determine(item, (), rulebook):
            encode(render(verdict, "M-1", rulebook.revision))

    return decide


def _step_with(rulebook: Rulebook) -> Callable[[Any], object]:
    return lambda event: step(event, None, rulebook, NOW)


def _read_with(rulebook: Rulebook) -> Callable[[bytes], object]:
    return lambda value: step(CLAIM_DECODER.decode(value), None, rulebook, NOW)


def _whole_steps(runs: int) -> Iterator[Row]:
    """A determination, and all that a claim costs but Kafka, under the rules that ship."""
    rulebook = load_rulebook(shipped("rules"))
    alone = in_turn(runs, {0: (_decide_with(rulebook), _items_of_mm_0552(rulebook))})
    yield Row("determination, explained and encoded", "MM 0552", alone[0], "us", "<= 15")

    def whole(value: bytes) -> None:
        given = step(CLAIM_DECODER.decode(value), None, rulebook, NOW)
        for record in given.records:
            encode(record)
        if given.timeline is not None:
            encode_timeline(given.timeline)

    mixes = {share: ClaimMix(hits=share, corrections=0) for share in (0.0, 1.0)}
    values = {share: [each.value for each in generate_claims(_CALLS, SEED, mix)] for share, mix in mixes.items()}
    taken = in_turn(runs, {share: (whole, values[share]) for share in mixes})
    note = f"payer {CIGNA}; decode, decide, alerts, timeline, encoding"
    yield Row("claim without a hit, all but Kafka", "MM 0552", taken[0.0], "us", note=note)
    yield Row("claim with a hit, all but Kafka", "MM 0552", taken[1.0], "us", note=note)


def _per_second(taken: dict[int, list[float]], what: str) -> Iterator[Row]:
    for size, values in taken.items():
        yield Row(what, _policies(size), [1e6 / each for each in values], "/s")


def _growth(what: str, taken: dict[int, list[float]]) -> Row:
    first, last = min(taken), max(taken)
    ratio = median(taken[last]) / median(taken[first])
    return Row(what, f"{first:,} to {last:,} policies", [ratio], "x", "<= 1.2", "ratio of medians")


def _policies(size: int) -> str:
    return f"{size:,} policies"
