"""What had to be said beside what was said: names the difference. Knows records and dead letters as bytes."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.chaos.findings import Finding
from tests.chaos.intake import DeadLetter, Source
from tests.chaos.logs import Entry, Stream
from tests.chaos.observed import DEAD_LETTERS, Uttered, heading
from tests.chaos.sayings import without_revision

from policywire import __version__


def differences(
    expected: Mapping[Stream, list[Uttered]], observed: Mapping[Stream, list[Uttered]]
) -> Iterator[Finding]:
    """Why records are not those demanded, by id: lost, duplicated, wrong, mixed, phantom, or else reordered."""
    for stream in sorted(expected.keys() | observed.keys()):
        wanted, there = expected.get(stream, []), observed.get(stream, [])
        if wanted == there:
            continue
        where = f"{stream[0]}-{stream[1]}"
        found = list(_in_content(where, [each.value for each in wanted], [each.value for each in there]))
        if not found and [each.value for each in wanted] != [each.value for each in there]:
            found = [Finding("reordered", where, "records of one member")]
        yield from found or [Finding("clock", where, "a record has another instant than its transaction")]


def _in_content(where: str, wanted: list[bytes], there: list[bytes]) -> Iterator[Finding]:
    missing, surplus = (
        list((Counter(wanted) - Counter(there)).elements()),
        list((Counter(there) - Counter(wanted)).elements()),
    )
    demanded = set(wanted)
    yield from (Finding("duplicated", where, f"{heading(each).key}") for each in surplus if each in demanded)
    strange = [each for each in surplus if each not in demanded]
    contents = Counter(map(without_revision, strange))
    keys = Counter(heading(each).key for each in strange)
    for each in missing:
        key, content = heading(each).key, without_revision(each)
        if keys[key] > 0:
            keys[key] -= 1
            yield Finding("mixed" if contents[content] else "wrong", where, f"{key}")
        else:
            yield Finding("lost", where, f"{key}")
    yield from (Finding("phantom", where, f"{key}") for key in (+keys).elements())


def dead_letter_findings(
    source: Source, letter: DeadLetter, found: list[tuple[Stream, Entry]], prefix: str, *, may_repeat: bool = False
) -> Iterator[Finding]:
    """A dead letter must be there once, where and as it must be, at its transaction's instant.

    With ``may_repeat`` it may be there more often, but every one of them must be so.
    """
    if not found:
        yield Finding("lost", DEAD_LETTERS, f"of {source}")
    if len(found) > 1 and not may_repeat:
        yield Finding("duplicated", DEAD_LETTERS, f"of {source}, {len(found)} times")
    for (_, partition), entry in found if may_repeat else found[:1]:
        if partition != source[1]:
            yield Finding("misplaced", DEAD_LETTERS, f"of {source}")
        is_same = (entry.key, entry.value) == (letter.entry.key, letter.entry.value)
        if not is_same or dict(entry.headers) != _headers(source, letter, prefix):
            yield Finding("wrong", DEAD_LETTERS, f"of {source}")
        elif entry.timestamp != letter.now:
            yield Finding("clock", DEAD_LETTERS, f"of {source}")


def _headers(source: Source, letter: DeadLetter, prefix: str) -> dict[str, bytes]:
    topic, partition, offset = source
    return {
        "error_code": letter.code.encode(),
        "error_detail": letter.detail.encode(),
        "source_topic": f"{prefix}{topic}".encode(),
        "source_partition": str(partition).encode(),
        "source_offset": str(offset).encode(),
        "source_timestamp": str(letter.entry.timestamp).encode(),
        "policywire_version": __version__.encode(),
    }
