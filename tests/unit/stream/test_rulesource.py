"""Where a worker's rules come from: a folder that is seen to change, and a topic with documents for later."""

from pathlib import Path

from policywire.stream.rulesource import _fingerprint


def test_a_folder_is_seen_to_change_with_its_documents_and_not_with_what_is_said_about_them(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("a: 1")
    before = _fingerprint(tmp_path)
    (tmp_path / ".policywire/gate").mkdir(parents=True)
    (tmp_path / ".policywire/gate/0123.json").write_text("{}")
    assert _fingerprint(tmp_path) == before
    (tmp_path / "other.yaml").write_text("a: 1")
    assert _fingerprint(tmp_path) != before
