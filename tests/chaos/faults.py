"""Faults as values: what is to be done, and what was done when it landed. Knows names; does nothing."""

from typing import Final, Literal, get_args

from msgspec import Struct, field

from policywire.stream.points import Point

Kind = Literal["kill", "kill_at", "stop_at", "fail_at", "kill_broker", "scale", "swap", "clock_back", "burst", "flood"]
MEANING: Final[dict[Kind, str]] = {
    "kill": "a worker is killed (SIGKILL) at a random moment",
    "kill_at": "a worker is killed at a named point of a batch or of a lane's opening",
    "stop_at": "a worker is held (SIGSTOP) at a named point until its session is over and others work on its lanes",
    "fail_at": "a batch is made to fail at a named point",
    "kill_broker": "the broker is killed (SIGKILL) and started again",
    "scale": "workers leave in order or join, so that lanes move between live members",
    "swap": "another edition of the rules is put in their place, among them one that is broken",
    "clock_back": "the wall clock is set back, and forward again by later moves",
    "burst": "a burst of unusable records of every class, below the flood guard's share",
    "flood": "so many of them on one lane that its worker stops and waits for an operator",
}
assert MEANING.keys() == set(get_args(Kind))


class Fault(Struct, frozen=True):
    """Something to be done to a worker, or to all.

    ``kill`` comes at a random moment; ``kill_at``, ``stop_at`` and ``fail_at`` when a lane passes ``point`` for the
    so-manieth time (``passes``). ``workers`` is how many there are to be after a ``scale``, ``edition`` the rules of a
    ``swap``, ``hours`` how far the clock is set back, ``messages`` the size of a burst or flood.
    """

    kind: Kind
    point: Point | None = None
    passes: int = 1
    workers: int = 0
    edition: str = ""
    hours: float = 0.0
    messages: int = 0

    def __str__(self) -> str:
        details = (self.point, self.edition, *(each for each in (self.workers, self.hours, self.messages) if each))
        return " ".join(str(each) for each in (self.kind, *details) if each)


class Landing(Struct, frozen=True):
    """An injected fault, and where each lane of the worker stood. ``to_come`` messages were not published yet."""

    fault: Fault
    to_come: int
    worker: int | None = None
    commits: int = 0
    lanes: dict[int, str] = field(default_factory=dict)
    in_transaction: list[int] = field(default_factory=list)
