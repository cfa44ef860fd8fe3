"""What a lane remembers: its members' timelines, encoded, and when time alone will change one of them.

Encoded, because a member is seldom touched and a timeline as objects takes ten times its bytes. Knows no Kafka.
"""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from policywire.stream.batch import Change


class LaneState:
    """Timelines by member id, and a due list.

    The due list has the members of each instant, and the instants in a heap: they are midnights, so few. A member
    stands at every instant ever set; where it is no longer its own it is passed over when it comes up. So a look at the
    clock costs what is due, not what is remembered.

    Args:
        timelines: encoded, by member id.
        dues: Unix seconds by member id.
    """

    def __init__(self, timelines: dict[str, bytes], dues: dict[str, float]) -> None:
        self._timelines = timelines
        self._dues = dues
        self._waiting: dict[float, list[str]] = {}
        for member, due in dues.items():
            self._waiting.setdefault(due, []).append(member)
        self._instants = list(self._waiting)
        heapify(self._instants)

    @property
    def timelines(self) -> Mapping[str, bytes]:
        """Encoded, by member id."""
        return self._timelines

    def fold(self, change: Change) -> None:
        """Take over what a committed batch changed."""
        for member, timeline in change.timelines.items():
            if timeline is None:
                self._timelines.pop(member, None)
            else:
                self._timelines[member] = timeline
        for member, due in change.dues.items():
            if due is None:
                self._dues.pop(member, None)
            elif self._dues.get(member) != due:
                self._dues[member] = due
                self._wait(member, due)

    def take_due(self, now: float, count_max: int) -> list[str]:
        """Members whose instant has come, at most so many; they are to be looked at in the next batch."""
        members: list[str] = []
        while self.has_due(now) and len(members) < count_max:
            instant = self._instants[0]
            waiting = self._waiting[instant]
            while waiting and len(members) < count_max:
                member = waiting.pop()
                if self._dues.get(member) == instant:
                    del self._dues[member]
                    members.append(member)
            if not waiting:
                del self._waiting[heappop(self._instants)]
        return members

    def has_due(self, now: float) -> bool:
        """Whether any instant has come, perhaps one that no longer counts."""
        return bool(self._instants) and self._instants[0] <= now

    def _wait(self, member: str, due: float) -> None:
        waiting = self._waiting.get(due)
        if waiting is None:
            self._waiting[due] = [member]
            heappush(self._instants, due)
        else:
            waiting.append(member)
