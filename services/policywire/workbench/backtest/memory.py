"""Members' timelines, each as its bytes: a fifth of the memory that they take as values.

Knows how a timeline is encoded; knows nothing of what is in one.
"""

from collections.abc import Iterator, MutableMapping

from policywire.cases import codec
from policywire.cases.timeline import Timeline


class PackedTimelines(MutableMapping[str, Timeline]):
    """Timelines by member id. What is taken out equals what was put in, and is another object each time."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    def __getitem__(self, member_id: str) -> Timeline:
        return codec.decode(self._packed[member_id])

    def __setitem__(self, member_id: str, timeline: Timeline) -> None:
        self._packed[member_id] = codec.encode(timeline)

    def __delitem__(self, member_id: str) -> None:
        del self._packed[member_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, member_id: object) -> bool:
        return member_id in self._packed
