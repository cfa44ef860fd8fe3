"""Reads the members' agreements from tables or events, as the same events that a worker folds.

Knows the columns of a table of agreements. A row becomes the events that its sender would publish; what is wrong with
it is what would be wrong with them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from policywire.cases.fold import fold
from policywire.cases.items import agreements
from policywire.cases.timeline import Timeline, blank
from policywire.decision.agreement import Agreement
from policywire.errors import BadInput
from policywire.model.decode import SCHEDULING_DECODER, Rejected
from policywire.model.events import AgreementRevoked, AgreementSigned
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.charges import cells
from policywire.workbench.charges.columns import folded
from policywire.workbench.charges.files import ChargeFile, open_file
from policywire.workbench.charges.judge import Finding
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.raw import RawBatch
from policywire.workbench.tables.cells import Problem, is_blank, text_of

_COLUMNS: Final = {
    "agreement_id": ("agreementid", "agreement", "formid"),
    "payer_id": ("payerid", "payer"),
    "member_id": ("memberid", "member", "mrn"),
    "procedure_codes": ("procedurecodes", "procedurecode", "codes", "cpt", "cptcodes"),
    "service_date_from": ("servicedatefrom", "datefrom", "servicedate", "dateofservice", "dos"),
    "service_date_through": ("servicedatethrough", "datethrough", "servicedateto"),
    "signed_at": ("signedat", "signedon", "datesigned", "signaturedate"),
    "confirmed_before_service": ("confirmedbeforeservice", "signedbeforeservice"),
    "revoked_at": ("revokedat", "revokedon", "daterevoked"),
}
_REQUIRED: Final = ("agreement_id", "payer_id", "member_id", "service_date_from", "signed_at")
_YES: Final = frozenset({"true", "yes", "y", "1", "x"})


class ReadAgreements(NamedTuple):
    """The agreements of a file: by member; how many rows are good and bad; what is wrong with the bad ones."""

    by_member: dict[str, tuple[Agreement, ...]]
    good: int
    bad: int
    findings: tuple[Finding, ...]


def read_agreements(
    files: Iterable[ChargeFile], mapping: ChargeMapping, rulebook: Rulebook
) -> tuple[dict[str, tuple[Agreement, ...]], list[ReadAgreements]]:
    """The agreements of all files together, and how the reading of each went.

    Raises:
        BadInput: a file cannot be read, or lacks a column.
    """
    timelines: dict[str, Timeline] = {}
    reports = [_read(file, mapping, rulebook, timelines) for file in files]
    held = {member: tuple(agreements(timeline, rulebook)) for member, timeline in timelines.items()}
    return {member: some for member, some in held.items() if some}, reports


def _read(
    file: ChargeFile, mapping: ChargeMapping, rulebook: Rulebook, timelines: dict[str, Timeline]
) -> ReadAgreements:
    raw = open_file(file, mapping)
    events = "event_type" in raw.headers
    headers = {name: name for name in raw.headers} if events else _headers(file, raw.headers)
    good, wrong = 0, dict[Problem, list[int]]()
    for batch in raw.batches(tuple(dict.fromkeys(headers.values()))):
        for spoiled in batch.spoiled:
            wrong.setdefault(spoiled.problem, []).append(spoiled.row)
        for row, record in _records(batch, headers):
            try:
                said = [SCHEDULING_DECODER.decode(msgspec.json.encode(x)) for x in _events(record, mapping, events)]
            except Rejected as rejected:
                problem = Problem(str(rejected.code), rejected.detail, "See schemas/scheduling-event.v1.schema.json.")
                wrong.setdefault(problem, []).append(row)
                continue
            good += 1
            for event in said:
                if isinstance(event, AgreementSigned | AgreementRevoked):
                    member = event.member_id
                    timelines[member] = fold(event, timelines.get(member) or blank(member), rulebook)
    findings = tuple(Finding("", problem, np.array(rows, np.int64)) for problem, rows in wrong.items())
    return ReadAgreements({}, good, sum(map(len, wrong.values())), findings)


def _headers(file: ChargeFile, headers: Iterable[str]) -> dict[str, str]:
    by_folded = {folded(each): each for each in headers}
    found = {
        name: by_folded[next(known for known in usual if known in by_folded)]
        for name, usual in _COLUMNS.items()
        if not by_folded.keys().isdisjoint(usual)
    }
    if missing := [name for name in _REQUIRED if name not in found]:
        there = ", ".join(by_folded.values())
        raise BadInput(f"{file.path} has no column for {', '.join(missing)}. Its headers are: {there}. Rename them.")
    return found


def _records(batch: RawBatch, headers: Mapping[str, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    columns = {name: batch.columns[header].distinct() for name, header in headers.items() if header in batch.columns}
    for place, row in enumerate(batch.rows.tolist()):
        yield row, {name: values[places[place]] for name, (values, places) in columns.items()}


def _events(record: dict[str, Any], mapping: ChargeMapping, events: bool) -> Iterator[dict[str, Any]]:  # noqa: FBT001
    """The events that a row of a table stands for, or the one that it is."""
    if events:
        given = {name: value for name, value in record.items() if value is not None}
        if isinstance(given.get("procedure_codes"), str):
            given["procedure_codes"] = given["procedure_codes"].split(";")
        yield given
        return
    day, read = cells.readers(mapping)["day"], cells.readers(mapping)["list"]
    first = day(record["service_date_from"]).value
    last = day(record.get("service_date_through")).value or first
    ids = {name: text_of(record[name]) for name in ("agreement_id", "member_id")}
    signed_at = _instant(record["signed_at"], mapping, "00:00:00")
    yield {
        "event_type": "agreement.signed",
        "event_id": f"{ids['agreement_id']} signed",
        "occurred_at": signed_at,
        **ids,
        "payer_id": text_of(record["payer_id"]),
        "procedure_codes": read(record.get("procedure_codes")).value or (),
        "service_date_from": first,
        "service_date_through": last,
        "signed_at": signed_at,
        "confirmed_before_service": text_of(record.get("confirmed_before_service")).casefold() in _YES,
    }
    if not is_blank(record.get("revoked_at")):
        revoked_at = _instant(record["revoked_at"], mapping, "23:59:59")
        said = {"event_type": "agreement.revoked", "event_id": f"{ids['agreement_id']} revoked"}
        yield {**said, "occurred_at": revoked_at, "revoked_at": revoked_at, **ids}


def _instant(value: Any, mapping: ChargeMapping, clock: str) -> str:
    """An instant as written; a day alone, or a time without an offset, is taken as UTC: only its date counts."""
    if isinstance(value, datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    text = text_of(value)
    try:
        moment = None if isinstance(value, date) or len(text) <= len("2026-01-20") else datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None:
        return moment.isoformat() + ("" if moment.tzinfo else "Z")
    day = cells.readers(mapping)["day"](value).value
    return f"{day}T{clock}Z" if day else text
