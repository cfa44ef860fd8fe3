"""Rows are ranked by dollars, cut without losing a cent, and merged so that nobody can be found by subtraction."""

from hypothesis import given
from hypothesis import strategies as st

from policywire.workbench.audit.report.rows import Row, coarser, first, guarded, ranked

BELOW = 11


def total(rows: list[Row]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*((*row.counts, *row.cents) for row in rows), strict=True)))


some_rows = st.lists(
    st.builds(
        lambda key, counts, cents: Row((f"key {key}",), counts, cents),
        st.integers(0, 10**6),
        st.tuples(st.integers(0, 40), st.integers(0, 25)),
        st.tuples(st.integers(0, 10**9)),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row.labels,
)


@given(some_rows)
def test_merging_loses_nothing_and_shows_no_small_count(rows: list[Row]) -> None:
    shown = guarded(rows, BELOW)
    assert total(shown) == total(rows)
    if len(shown) > 1:
        assert all(not 0 < count < BELOW for row in shown for count in row.counts)
    for row in shown:
        assert row in rows or row.summed


@given(some_rows)
def test_no_row_that_was_hidden_can_be_had_by_subtraction(rows: list[Row]) -> None:
    hidden = [row for row in rows if row not in guarded(rows, BELOW)]
    assert len(hidden) != 1 or len(rows) == 1


@given(some_rows, st.integers(1, 31))
def test_cutting_loses_nothing(rows: list[Row], top: int) -> None:
    shown = first(ranked(rows), top)
    assert total(shown) == total(rows)
    assert len(shown) <= top + 1


@given(some_rows)
def test_months_are_put_together_until_none_is_small(rows: list[Row]) -> None:
    shown = coarser(rows, BELOW)
    assert total(shown) == total(rows)
    if len(shown) > 1:
        assert all(not 0 < count < BELOW for row in shown for count in row.counts)


def test_without_suppression_months_stay_months() -> None:
    rows = [Row((f"2025-{number:02d}",), (number,), (100,)) for number in range(1, 13)]
    assert coarser(rows, 0) == rows


def test_the_row_with_most_at_risk_comes_first_and_a_sum_last() -> None:
    rows = [Row(("b",), (5,), (100,)), Row(("sum",), (99,), (999,), summed=True), Row(("a",), (5,), (100,))]
    assert [row.labels[0] for row in ranked([*rows, Row(("c",), (1,), (200,))])] == ["c", "a", "b", "sum"]


def test_rows_are_ranked_by_their_last_amount() -> None:
    rows = [Row(("charged",), (5,), (900, 100)), Row(("at risk",), (5,), (100, 900))]
    assert [row.labels[0] for row in ranked(rows)] == ["at risk", "charged"]


def test_a_row_too_many_is_shown_as_it_is() -> None:
    rows = [Row((str(number),), (1,)) for number in range(4)]
    assert first(rows, 3) == rows
    assert [row.labels[0] for row in first(rows, 2)] == ["0", "1", "and 2 more"]
