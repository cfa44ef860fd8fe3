"""What the auditor finds, under closed names: each is an invariant of exactly-once that a bug would break.

Knows names and how they are shown. Knows no Kafka and no policy.
"""

from collections import Counter
from typing import Literal, get_args

from msgspec import Struct, field

Invariant = Literal[
    "lost",
    "duplicated",
    "phantom",
    "wrong",
    "reordered",
    "misplaced",
    "clock",
    "revision",
    "mixed",
    "state",
    "final",
    "overdue",
    "rewound",
    "behind",
    "hanging",
]

MEANING: dict[Invariant, str] = {
    "lost": "a record that the input demands is not there",
    "duplicated": "a committed record is there more often than the input demands",
    "phantom": "a record that nothing in the input demands",
    "wrong": "the record of an id says something else than the input demands",
    "reordered": "a member's records are all there, in an order that no order of its events explains",
    "misplaced": "a record's key is not its id, or its partition not that of its key",
    "clock": "a record or a transaction has an instant that the clock never showed, another than its own, or went back",
    "revision": "a record or a transaction was made by a rulebook that there never was",
    "mixed": "a transaction mixes rulebooks, or a record says what another one says than the one it names",
    "state": "a timeline in the changelog is not, byte for byte, what the member's events give; or a policy's memory",
    "final": "the end differs from what the input, the last rulebook and the last clock alone give",
    "overdue": "time, or the rulebook in force, left something to do that nobody did",
    "rewound": "a lane's input offsets in the changelog went back",
    "behind": "the lane's offsets, in the changelog or of the group, are not the end of the input",
    "hanging": "a transaction is still open after every worker has gone",
}
EXAMPLES_MAX = 20


class Finding(Struct, frozen=True):
    """One violation. ``where`` is a topic with its partition or a lane; ``what`` helps to look for it."""

    invariant: Invariant
    where: str
    what: str


class Audit(Struct):
    """The outcome of an audit.

    ``inputs`` and ``outputs`` count committed records by topic; ``expected`` those that the input demands.
    ``interleaved`` members had events in both topics within one transaction, so that one order of them had to be found.
    ``ticked`` and ``followed`` count looks at a member because of time and because of changed rules that changed its
    timeline; ``settled`` members were recomputed from the input alone, ``forgotten`` ones had something expired.
    ``repeated`` counts records that were said again, equal to the byte, where at least once is all that is asked.
    ``revisions`` counts transactions by the rulebook that decided them, ``instants`` those of the clock under which any
    was decided.
    """

    inputs: dict[str, int] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    members: int = 0
    interleaved: int = 0
    timelines: int = 0
    transactions: int = 0
    ticked: int = 0
    followed: int = 0
    settled: int = 0
    forgotten: int = 0
    instants: int = 0
    repeated: int = 0
    revisions: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """Violations by invariant; those that were not broken are absent."""
        return Counter(finding.invariant for finding in self.findings)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __str__(self) -> str:
        counts = self.counts
        rows = [f"{'topic':<20}{'demanded':>12}{'committed':>12}"]
        rows += [f"{topic:<20}{'':>12}{count:>12,}" for topic, count in self.inputs.items()]
        rows += [f"{topic:<20}{self.expected.get(topic, 0):>12,}{count:>12,}" for topic, count in self.outputs.items()]
        rows += [
            (
                f"{self.members:,} members, {self.interleaved:,} with both topics in one transaction; "
                f"{self.timelines:,} timelines at the end"
            ),
            f"{self.transactions:,} transactions by {len(self.revisions)} rulebooks at {self.instants} instants",
            (
                f"{self.ticked:,} looks because of time, {self.followed:,} because of rules; {self.settled:,} members "
                f"recomputed from the input alone, {self.forgotten:,} with something forgotten"
            ),
            *([f"{self.repeated:,} records were there again, each of them equal"] if self.repeated else []),
            "",
        ]
        rows += [f"{name:<12}{counts[name]:>8,}   {MEANING[name]}" for name in get_args(Invariant)]
        rows += [f"  {each.invariant} {each.where}: {each.what}" for each in self.findings[:EXAMPLES_MAX]]
        return "\n".join(rows)
