"""Which publications that wait are a payer's matter."""

from datetime import UTC, datetime

import pytest

from policywire.workbench.brief.waiting import Waiting


@pytest.mark.parametrize(
    ("keys", "is_concerned"),
    [
        (("cigna/MM 0552",), True),
        (("payer:cigna",), True),
        (("contexts:clinical-context",), True),
        (("watch:watch/alerts.yaml",), True),
        (("acme/AH 12", "cigna/MM 0552"), True),
        (("acme/AH 12",), False),
        (("cigna-east/MM 0552", "payer:cigna-east"), False),
    ],
)
def test_a_payer_is_concerned_by_its_own_documents_and_by_those_for_all(
    keys: tuple[str, ...], *, is_concerned: bool
) -> None:
    at = datetime(2026, 12, 16, tzinfo=UTC)
    wait = Waiting(at=at, days_left=1, publication=1, author="ann", approved_by=(), reason="", documents=keys)
    assert wait.concerns("cigna") is is_concerned
