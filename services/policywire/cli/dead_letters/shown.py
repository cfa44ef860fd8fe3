"""How dead letters are shown: without their key and bytes, and without what could command a terminal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from policywire.stream.deadletter_topic import Found

HEAD = f"{'at':<20}  {'id':<28}  {'reason':<18}  detail"


def instant(moment: "datetime") -> str:
    """In UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def plain(text: str) -> str:
    """A text with what is not printable spelled out: an event's bytes must not steer somebody's terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def line_of(found: "Found") -> str:
    """One line of a list."""
    letter = found.letter
    again = ("  (came back)" if found.came_back else "") + ("  (sent again)" if found.redriven else "")
    text = f"{instant(letter.at)}  {letter.id:<28}  {letter.error_code:<18}  {letter.error_detail}{again}"
    return plain(text)


def document_of(found: "Found") -> dict[str, Any]:
    """The same for programs."""
    letter = found.letter
    return {
        "id": letter.id,
        "at": instant(letter.at),
        "error_code": letter.error_code,
        "error_detail": letter.error_detail,
        "source_topic": letter.source_topic,
        "source_partition": letter.source_partition,
        "source_offset": letter.source_offset,
        "source_timestamp": letter.source_timestamp,
        "policywire_version": letter.policywire_version,
        "key_bytes": None if letter.key is None else len(letter.key),
        "value_bytes": None if letter.value is None else len(letter.value),
        "redriven": found.redriven,
        "came_back": found.came_back,
    }


def counted(number: int) -> str:
    """So many dead letters, in words."""
    return f"{number:,} dead letter{'s' if number != 1 else ''}"
