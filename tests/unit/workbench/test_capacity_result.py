"""What a capacity run comes to: rates and costs from what was seen, and a table that says who was not measured."""

from pathlib import Path

import pytest

from policywire.errors import BadInput, PassingFault
from policywire.workbench.bench.capacity.disk import octets_by_topic
from policywire.workbench.bench.capacity.result import Capacity, Commits, Line, Stored, Taken, read, render, write
from policywire.workbench.bench.capacity.subject import Look, judge

TAKEN = Taken(claims_a_second=100.0, core_s=8.0, broker_core_s=4.0, rss_max_mib=120.0)
CAPACITY = Capacity(
    measured_on="2026-12-01",
    machine="a machine",
    command="policywire bench capacity",
    pinned="on core 1",
    hits=0.03,
    lines=[
        Line("floor", 1_000, [Taken(200.0, 2.0, 4.0, 60.0)]),
        Line("worker", 1_000, [TAKEN, Taken(80.0, 9.0, 5.0, 130.0), Taken(120.0, 7.0, 3.0, 110.0)]),
        Line("other", 100, [], "not run: no Java"),
    ],
    floor="floor",
    worker="worker",
    stored_claims=1_000,
    stored={"claim-events": Stored(645_000, 1_000, 1_000)},
    commits=[Commits(4, 400.0, 900.0, 2_000.0)],
)


def looks(*cpu_at_end: float) -> list[Look]:
    start = tuple(1.0 for _ in cpu_at_end)
    return [
        Look(0.0, 10, start, 0.0, 1 << 20),
        Look(1.0, 200, start, 1.0, 5 << 20),
        Look(5.0, 1_000, cpu_at_end, 3.0, 3 << 20),
    ]


def test_nothing_counts_before_the_settled_share() -> None:
    taken = judge(looks(5.0), 0.2)
    assert taken == Taken(claims_a_second=200.0, core_s=5_000.0, broker_core_s=2_500.0, rss_max_mib=5.0)


def test_two_processes_are_added_up_and_one_that_idled_is_refused() -> None:
    assert judge(looks(3.0, 3.0), 0.2).core_s == pytest.approx(5_000.0)
    with pytest.raises(PassingFault, match="one of 2 processes had next to nothing to do"):
        judge(looks(5.0, 1.1), 0.2)


def test_a_run_seen_in_one_leap_has_no_rate() -> None:
    with pytest.raises(PassingFault, match="too few for a rate"):
        judge(looks(5.0)[-1:], 0.2)


def test_the_table_compares_medians_and_says_who_was_not_measured() -> None:
    table = render(CAPACITY)
    assert "| worker | 1,000 | 100 [80.0 - 120] | 0.50 | 1.00 | 8.00 | 4.00 | 120 |  |" in table
    assert "| other | 100 | - | - | - | - | - | - | not run: no Java |" in table
    assert "claim-events 645" in table


def test_what_is_kept_is_read_again_and_anything_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "capacity.json"
    write(CAPACITY, file)
    assert render(read(file)) == render(CAPACITY)
    file.write_text("{}")
    with pytest.raises(BadInput, match="is no result of policywire bench capacity"):
        read(file)


def test_segments_of_a_topic_are_added_up_without_what_is_being_deleted(tmp_path: Path) -> None:
    for folder, octets in {"a.claims-0": 5, "a.claims-1": 7, "a.claims-2.f00d-delete": 100, "b-0": 1}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "00000000000000000000.log").write_bytes(b"x" * octets)
        (tmp_path / folder / "00000000000000000000.index").write_bytes(b"x" * 50)
    assert octets_by_topic(tmp_path) == {"a.claims": 12, "b": 1}
