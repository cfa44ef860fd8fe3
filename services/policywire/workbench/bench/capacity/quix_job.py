"""A job of the same kind in Quix Streams: parse claims, look their lines up, remember members, write determinations.

Run by the Python of an environment of its own (``build/peers``), so it imports nothing of policywire. As the Kafka
Streams peer it validates nothing and explains nothing. Its state is touched for listed lines alone, as the worker's is.
Arguments: bootstrap servers, source, sink, group, folder for state, guarantee. Runs until it is ended.
"""

import sys
from typing import Any

import orjson
from quixstreams import Application, State  # type: ignore[import-not-found]  # of another environment

CIGNA = "62308"
LISTED = frozenset(("0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232"))
LATER = "2025-12-16"
COMMIT_S = 0.5


def listed(value: bytes) -> dict[str, Any] | None:
    """The claim, if it has lines to decide."""
    claim: dict[str, Any] = orjson.loads(value)
    if claim["payer_id"] != CIGNA:
        return None
    claim["lines"] = [line for line in claim["lines"] if line["procedure_code"] in LISTED]
    return claim if claim["lines"] else None


def determinations(claim: dict[str, Any], state: State) -> list[bytes]:
    """One small determination a line, each remembered of the member."""
    known: dict[str, str] = state.get("lines") or {}
    made = []
    for line in claim["lines"]:
        later = line["service_date"] >= LATER
        determination = {
            "determination_id": f"{claim['claim_id']}/{line['line_number']}",
            "member_id": claim["member_id"],
            "procedure_code": line["procedure_code"],
            "outcome": "not_medically_necessary" if later else "experimental_investigational",
            "reason": "not medically necessary per Cigna MM 0552",
            "exposure_amount": line["charge_amount"],
        }
        known[determination["determination_id"]] = determination["outcome"]
        made.append(orjson.dumps(determination))
    state.set("lines", known)
    return made


def main(servers: str, source: str, sink: str, group: str, folder: str, guarantee: Any) -> None:  # noqa: PLR0913, PLR0917
    """Run until ended."""
    app = Application(
        servers,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=COMMIT_S,
        state_dir=folder,
        processing_guarantee=guarantee,
        loglevel="WARNING",
    )
    claims = app.dataframe(app.topic(source, value_deserializer="bytes"))
    claims = claims.apply(listed).filter(lambda claim: claim is not None)
    claims.apply(determinations, stateful=True, expand=True).to_topic(app.topic(sink, value_serializer="bytes"))
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
