"""Times things fairly: what is compared is run in turn, several times, so that a busy moment hits all of it alike.

Counts this process' processor time: what else the machine does must not count, and nothing measured here waits.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from time import process_time
from typing import Any, TypeVar

K = TypeVar("K")


def in_turn(runs: int, subjects: Mapping[K, tuple[Callable[[Any], object], Sequence[Any]]]) -> dict[K, list[float]]:
    """The microseconds that each subject takes for one of its inputs, once for each run.

    Args:
        runs: how often every subject is measured, after one round that does not count.
        subjects: a function and the inputs that it is called with, one after the other.
    """
    gc.collect()
    gc.freeze()
    taken: dict[K, list[float]] = {name: [] for name in subjects}
    for run in range(runs + 1):
        for name, (function, inputs) in subjects.items():
            seconds = _time(function, inputs)
            if run:
                taken[name].append(seconds * 1e6 / len(inputs))
    gc.unfreeze()
    return taken


def _time(function: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    began = process_time()
    for each in inputs:
        function(each)
    return process_time() - began
