"""The benchmark of the audit runs, and measures what it says."""

from policywire.workbench.bench.audit import measure_audit


def test_each_format_is_measured_beside_duckdb_alone() -> None:
    rows = list(measure_audit(1, 1_000))
    assert [row.inputs.split()[3] for row in rows] == ["csv,"] * 5 + ["parquet,"] * 5
    by_name = {row.what: row.values for row in rows if "csv" in row.inputs}
    (memory,) = by_name["audit's memory (peak RSS)"]
    assert 0.05 < memory < 1.4
    (bare,), (ratio,) = by_name["DuckDB alone: read and count by code"], by_name["audit / DuckDB alone"]
    assert bare > 0
    assert ratio > 1
