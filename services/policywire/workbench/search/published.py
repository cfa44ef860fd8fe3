"""The documents that were published and in force by a day, to be searched as one knew them then. Reads no topic."""

from datetime import UTC, date, datetime, time

from policywire.errors import BadInput
from policywire.rulebook.history import History
from policywire.rulebook.load import File
from policywire.rulebook.publication import published_files


def files_in_force(history: History, on: date | None, now: datetime) -> tuple[File, ...]:
    """What publications had put in force by the end of a day in UTC.

    Args:
        history: of all publications.
        on: the day; None: now.
        now: the present, beyond which nothing has come into force.

    Raises:
        BadInput: nothing was in force then.
    """
    end = now if on is None else min(now, datetime.combine(on, time.max, UTC))
    moments = [moment for moment in history.moments(now) if moment.at <= end]
    if not moments or not moments[-1].documents:
        raise BadInput(f"Nothing was published and in force on {end.date()}. policywire rules publications lists all.")
    return tuple(published_files(moments[-1].documents))
