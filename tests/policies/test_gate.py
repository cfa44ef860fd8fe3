"""The shipped policy goes through the gate: 100,000 generated lines, decided alike by both engines."""

import pytest
from tests.unit.workbench.gate_scenes import tried

from policywire.workbench.gate.trial import Effort

LINES = 25_000


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_both_engines_decide_mm_0552_alike(seed: int) -> None:
    trial = tried(effort=Effort(claims=LINES, seed=seed))
    assert trial.failure is None
    assert trial.differences == ()
    assert trial.unreached == ()
    assert trial.claims == LINES
