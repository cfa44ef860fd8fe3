"""Every shipped example of an event with every one thing changed in it, which chance might not meet."""

import json
from collections.abc import Iterator

from tests.property.wire import (
    ODD_DATES,
    ODD_INSTANTS,
    ODD_MONEY,
    ODD_NUMBERS,
    ODD_TEXTS,
    Json,
    Raw,
    Repeated,
    nested,
    render,
)

from policywire.resources import shipped

ODD: tuple[Json, ...] = (
    *(*ODD_DATES, *ODD_INSTANTS, *ODD_MONEY, *ODD_TEXTS),
    *map(Raw, ODD_NUMBERS),
    *(None, True, False, [], {}, [None], [1], [2], 2, {"npi": 5}),
)
OWN_DEPTHS = (1, 27, 28, 29, 30, 31, 32, 300)


def examples() -> list[Json]:
    """The valid examples of both kinds of events."""
    return [
        json.loads(path.read_text()) for path in sorted(shipped("schemas/examples/valid").glob("*-event.v1/*.json"))
    ]


def corpus() -> Iterator[bytes]:
    """The bytes of records, good and bad."""
    for event in examples():
        for changed in (event, *_variations(event)):
            yield render(changed).encode()
        yield render(event, (", ", ": "), escape=True).encode()
        yield render(event | {"own": "?"}).encode().replace(b'"?"', b'"\xff"')


def _variations(value: Json) -> Iterator[Json]:
    """The value with one change in it or further in."""
    match value:
        case dict():
            for key, member in value.items():
                yield {name: other for name, other in value.items() if name != key}
                for changed in (*ODD, *_variations(member)):
                    yield value | {key: changed}
                yield Repeated(((key, None), *value.items()))
                yield Repeated((*value.items(), (key, None)))
            for depth in OWN_DEPTHS:
                yield value | {"own": nested(depth)}
        case list():
            for position, item in enumerate(value):
                for changed in (*ODD, *_variations(item)):
                    yield [*value[:position], changed, *value[position + 1 :]]
                yield [*value, item]
