"""What reading a claim event costs: ours with every check, msgspec with the types alone, and a schema validator."""

from collections.abc import Iterator
from typing import Final

import jsonschema_rs
import msgspec
import orjson

from policywire.model.decode import CLAIM_DECODER
from policywire.model.events import ClaimEvent
from policywire.resources import shipped
from policywire.workbench.bench.sampling import in_turn
from policywire.workbench.bench.table import Row
from policywire.workbench.generate import ClaimMix, Published, generate_claims

_EVENTS: Final = 4_000


def measure_decoding(runs: int) -> Iterator[Row]:
    """The rows about decoding; about a second a run."""
    events = list(generate_claims(_EVENTS, 1, ClaimMix(corrections=0)))
    bare = msgspec.json.Decoder(ClaimEvent).decode
    schema = jsonschema_rs.validator_for(
        shipped("schemas/claim-event.v1.schema.json").read_text("utf-8"), validate_formats=True
    )

    def ours(event: Published) -> None:
        CLAIM_DECODER.decode(event.value, event.key)

    def types_alone(event: Published) -> None:
        bare(event.value or b"")

    def by_schema(event: Published) -> None:
        assert schema.is_valid(orjson.loads(event.value or b""))  # noqa: S101  generated events are good

    subjects = {
        "decode a claim: all checks, the key's too": ours,
        "decode a claim: bare msgspec, types alone": types_alone,
        "decode a claim: orjson and jsonschema-rs": by_schema,
    }
    octets = sum(len(event.value or b"") for event in events) // len(events)
    taken = in_turn(runs, {name: (function, events) for name, function in subjects.items()})
    for name, values in taken.items():
        yield Row(name, f"{octets} bytes on average", values, "us")
