"""The same audit on a local Spark: the same bytes, the same rejects."""

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.scenes import shipped

from policywire.errors import BadInput
from policywire.workbench.audit.plan import AuditPlan, by_content
from policywire.workbench.audit.result import encode
from policywire.workbench.audit.run import Engine, here, run_audit
from policywire.workbench.audit.spark import on_spark, split
from policywire.workbench.audit.work import Batch, Piece, Task
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.generate.charge_files import write_rows
from policywire.workbench.generate.charge_rows import Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges, generate_orders

AS_OF = dt.date(2026, 3, 1)


def plan_of(
    folder: Path, charges: list[Path], orders: tuple[Path, ...] = (), agreements: tuple[Path, ...] = ()
) -> AuditPlan:
    unpacked = folder / "unpacked"
    unpacked.mkdir(exist_ok=True)
    return AuditPlan(
        charges=by_content(find_files(charges, unpacked)),
        orders=by_content(find_files(orders, unpacked)),
        agreements=by_content(find_files(agreements, unpacked)),
        rulebook=shipped(),
        mapping=ChargeMapping(),
        as_of=AS_OF,
        since=dt.date(2024, 3, 1),
        until=AS_OF,
        threshold_cents=0,
    )


def made_by(engine: Engine, plan: AuditPlan, folder: Path) -> tuple[bytes, bytes]:
    """The result as JSON, and the file of rejects."""
    folder.mkdir()
    found = run_audit(plan, folder, engine=engine, rejects=folder / "rejects.csv")
    return encode(found.result), found.rejects.read_bytes() if found.rejects else b""


def test_both_engines_say_the_same_of_every_format_and_of_every_bad_row(tmp_path: Path) -> None:
    lines, ahead = list(generate_charges(3_000, 1, ChargeMix(hits=0.2, bad=0.05))), list(generate_orders(60, 1))
    files = [tmp_path / name for name in ("a.parquet", "b.csv", "c.jsonl", "d.csv")]
    for number, file in enumerate(files):
        write_rows(file, Charge._fields, lines[number::4])
    packed = tmp_path / "d.csv.gz"
    packed.write_bytes(gzip.compress(files.pop().read_bytes(), mtime=0))
    write_rows(tmp_path / "o.csv", Charge._fields, ahead)
    write_rows(tmp_path / "g.csv", SignedAgreement._fields, generate_agreements([*lines, *ahead], 1))
    plan = plan_of(tmp_path, [*files, packed], orders=(tmp_path / "o.csv",), agreements=(tmp_path / "g.csv",))
    result, rejects = made_by(here, plan, tmp_path / "here")
    assert made_by(on_spark("local[2]"), plan, tmp_path / "spark") == (result, rejects)
    assert rejects.count(b"\n") > 100


def test_what_somebody_must_mend_is_told_as_on_one_machine(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("payer_id,procedure_code,charge_amount,service_date\n" + '62308,0565T,1.00,"' + "x" * 17_000_000)
    with pytest.raises(BadInput) as local:
        made_by(here, plan_of(tmp_path, [path]), tmp_path / "here")
    with pytest.raises(BadInput) as remote:
        made_by(on_spark("local[2]"), plan_of(tmp_path, [path]), tmp_path / "spark")
    assert str(remote.value) == str(local.value)
    assert "a quoted text has no end" in str(local.value)


def test_a_parquet_file_is_worked_on_by_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_rows(path, Charge._fields, generate_charges(120_000, 1))  # three row groups
    (file,) = find_files([path], tmp_path)
    piece = Piece(0, "charges", file)
    assert [part.groups for part in split(piece, rows=60_000)] == [(0, 2), (2, 3)]
    assert [part.groups for part in split(piece)] == [(0, 3)]

    def in_parts(pieces: list[Piece], task: Task) -> Iterator[Batch]:
        return here([part for piece in pieces for part in split(piece, rows=1)], task)

    plan = plan_of(tmp_path, [path])
    whole, _ = made_by(here, plan, tmp_path / "whole")
    assert made_by(in_parts, plan, tmp_path / "parts")[0] == whole  # type: ignore[arg-type]


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policywire.workbench.audit.spark.find_spec", lambda _: None)
    with pytest.raises(BadInput, match=r"pip install 'policywire\[spark\]'"):
        on_spark("local[2]")
