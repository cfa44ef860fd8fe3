"""Restoring is measured on a real broker, and what was written comes back."""

from policywire.workbench.bench.restore import measure_restore


def test_a_lane_of_so_many_timelines_opens_as_often_as_asked() -> None:
    (row,) = measure_restore(2, 3_000)
    assert len(row.values) == 2
    assert min(row.values) > 1_000
    assert row.inputs.startswith("3,000 timelines of ")
