"""Replays what is said of policies: announcements, and a lane's memory of them. Knows the pure core."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace
from tests.chaos.findings import Finding
from tests.chaos.history import History, Transaction
from tests.chaos.logs import Stream
from tests.chaos.observed import Uttered, comes_next, sayings_of, take_repeated
from tests.chaos.sayings import Said, said

from policywire.cases.announcements import Key, PolicyMemory, announce, decode, encode
from policywire.rulebook.rulebook import Rulebook

_KEY = b"\xffpolicy\0"


class Told(Struct):
    """What had to be said of policies, by stream, and what is remembered of it at the end."""

    story: dict[Stream, list[Uttered]] = field(default_factory=dict)
    memory: dict[Key, PolicyMemory] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    repeated: int = 0

    def unsaid(self, rulebook: Rulebook) -> Iterator[Finding]:
        """What the rulebook in force at the end would still make to be said."""
        if announce(self.memory, rulebook).memory:
            yield Finding("overdue", "lane 0", "what the last rulebook says of policies was not told")


def replay_policies(  # noqa: PLR0913  what was said, beside what says what had to be
    lane: int,
    history: History,
    observed: Mapping[Stream, list[Uttered]],
    rulebooks: Mapping[str, Rulebook],
    partitions: Mapping[str, int],
    *,
    may_repeat: bool = False,
) -> Told:
    """Replay every transaction that remembered something of a policy; only lane 0 may.

    Args:
        may_repeat: whether what was said may stand there again, at once after it.
    """
    told = Told()
    for each in history.transactions:
        if each.policies:
            if lane:
                told.findings.append(Finding("state", f"lane {lane}", "it remembers what was said of policies"))
            sayings = _replay(each, told, observed, rulebooks, partitions)
            if may_repeat:
                told.repeated += take_repeated(sayings, told.story, observed)
    return told


def _replay(
    transaction: Transaction,
    told: Told,
    observed: Mapping[Stream, list[Uttered]],
    rulebooks: Mapping[str, Rulebook],
    partitions: Mapping[str, int],
) -> dict[Stream, list[Uttered]]:
    rulebook = rulebooks.get(transaction.revision) or next(iter(rulebooks.values()))
    changes, records = _announced(told.memory, rulebook, partitions)
    if changes != transaction.policies or not comes_next(records, told.story, observed):
        invariant: Finding = Finding("state", "lane 0", "what was said of policies differs")
        for content in rulebooks.values():
            other, others = _announced(told.memory, replace(content, revision=rulebook.revision), partitions)
            if other == transaction.policies and comes_next(others, told.story, observed):
                records, invariant = others, Finding("mixed", "lane 0", "said of policies by another rulebook")
        told.findings.append(invariant)
    sayings = sayings_of(records, transaction.now)
    for stream, uttered in sayings.items():
        told.story.setdefault(stream, []).extend(uttered)
    for key, value in transaction.policies.items():
        payer, policy = key.removeprefix(_KEY).decode().split("\0")
        if value is None:
            told.memory.pop((payer, policy), None)
        else:
            told.memory[payer, policy] = decode(value)
    return sayings


def _announced(
    memory: Mapping[Key, PolicyMemory], rulebook: Rulebook, partitions: Mapping[str, int]
) -> tuple[dict[bytes, bytes | None], list[Said]]:
    announced = announce(memory, rulebook)
    changes = {
        _KEY + f"{payer}\0{policy}".encode(): None if each is None else encode(each)
        for (payer, policy), each in announced.memory.items()
    }
    return changes, list(said(announced.alerts, partitions))
