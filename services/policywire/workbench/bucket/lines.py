"""Which determinations are in a bucket, and in what order they are worked. Knows records; no topic and no file."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.records import ClaimLine, Determination

_DECODER: Final = msgspec.json.Decoder(Determination)


class BucketLine(Struct, frozen=True, kw_only=True):
    """A claim line that waits in a denial bucket. The fields are the table's columns, in their order."""

    claim_id: str
    line_number: int
    member_id: str
    payer_id: str
    procedure_code: str
    date_of_service: str
    stage: str
    exposure_amount: str
    reason: str
    appeal: str
    group_code: str
    carc: str
    rarc: str
    liable: str
    agreement: str
    agreement_problem: str
    next_action: str
    what_to_do: str
    policy: str
    version: str
    rule: str
    flags: str
    determination_id: str


class Piles:
    """The latest record of each determination, sorted into denial buckets.

    Records of one determination must come in their order; records of different ones may interleave.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._lines: dict[bytes, BucketLine] = {}
        self._others: dict[bytes, str] = {}

    def take(self, key: bytes, value: bytes | None, place: str) -> None:
        """Take the next record of a determination; None: it was removed.

        Args:
            key: the determination's id.
            value: the record as it went out.
            place: where it stands, for whoever has to look at it.

        Raises:
            BadInput: it is no determination of this version.
        """
        self._lines.pop(key, None)
        self._others.pop(key, None)
        if value is None:
            return
        record = _decoded(value, place)
        denial = record.expected_denial
        if record.status != "current" or denial is None:
            return
        if denial.bucket == self._bucket:
            self._lines[key] = _line(record)
        else:
            self._others[key] = denial.bucket

    def lines(self) -> list[BucketLine]:
        """The bucket's lines, the most exposed first."""
        return sorted(self._lines.values(), key=_urgency)

    def other_buckets(self) -> list[tuple[str, int]]:
        """What other buckets there are and how many lines each has, the fullest first."""
        return Counter(self._others.values()).most_common()


def total_exposure(lines: list[BucketLine]) -> int:
    """The dollars at risk in a bucket, in cents."""
    return sum(cents(line.exposure_amount) for line in lines)


def cents(amount: str) -> int:
    """Money as the contracts write it, in cents."""
    return int(amount.replace(".", ""))


def _urgency(line: BucketLine) -> tuple[int, str, str, int]:
    return -cents(line.exposure_amount), line.date_of_service, line.claim_id, line.line_number


def _decoded(value: bytes, place: str) -> Determination:
    try:
        return _DECODER.decode(value)
    except msgspec.DecodeError as error:
        # The words of the error name a place in the record and never a value.
        raise BadInput(
            f"{place} is no determination.v1 ({error}). Was it written by a newer policywire? Use that one to read it."
        ) from None


def _line(record: Determination) -> BucketLine:
    denial, agreement, subject = record.expected_denial, record.financial_responsibility, record.subject
    assert denial is not None  # noqa: S101  the caller looked
    assert isinstance(subject, ClaimLine)  # noqa: S101  only a claim line has an expected denial (contracts)
    return BucketLine(
        claim_id=subject.claim_id,
        line_number=subject.line_number,
        member_id=record.member_id,
        payer_id=record.payer_id,
        procedure_code=record.procedure_code,
        date_of_service=record.date_of_service.isoformat(),
        stage=record.stage,
        exposure_amount=record.exposure_amount or "0.00",
        reason=denial.reason,
        appeal=denial.appeal,
        group_code=denial.group_code,
        carc=denial.carc,
        rarc=" ".join(denial.rarc),
        liable=agreement.liable or "",
        agreement=agreement.status,
        agreement_problem=agreement.problem or "",
        next_action=record.next_action.code,
        what_to_do=record.next_action.text,
        policy=f"{record.policy.payer} {record.policy.id}",
        version="" if record.policy.version is None else record.policy.version.isoformat(),
        rule=record.policy.rule or "",
        flags=" ".join(record.flags),
        determination_id=record.determination_id,
    )


def replayed(lines: Iterator[bytes]) -> Iterator[tuple[bytes, bytes, str]]:
    """The determinations that ``policywire replay`` printed: key, value and the place in what it printed.

    Raises:
        BadInput: a line is none of its output.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            printed = msgspec.json.decode(line, type=_Printed)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput(
                f"line {number} is no output of `policywire replay` ({error}). Write it with: "
                "policywire replay EVENTS.jsonl > replayed.jsonl."
            ) from None
        if printed.topic == "determinations" and printed.key is not None:
            yield printed.key.encode(), bytes(printed.value), f"line {number}"


class _Printed(Struct):
    """A line of ``policywire replay``; a dead letter has no value."""

    topic: str
    key: str | None = None
    value: msgspec.Raw = msgspec.Raw(b"null")
