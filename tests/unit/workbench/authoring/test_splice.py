"""Entries are put into a document, and every other letter of it stays."""

import pytest

from policywire.errors import BadInput
from policywire.rulebook.source import parse
from policywire.workbench.authoring.splice import Splice

TEXT = """\
# About it.
known_from: "2025-01-01"   # as published
change_type: New
citations:
  # The first.
  - id: one
    title: >-
      A long title
      in two lines
  # The second.
  - id: two

# What follows is the list of versions.
versions:
- effective_from: "2025-01-01"
  rules: []
# The end.
"""
ENTRY = {"id": "new", "title": "x"}


def spliced(name: str, position: int) -> str:
    splice = Splice("policy.yaml", TEXT)
    splice.insert(name, position, [ENTRY], {(name, position): "A remark."})
    return splice.text()


def assert_only_added(text: str) -> None:
    lines = iter(text.splitlines())
    assert all(line in lines for line in TEXT.splitlines())


def test_an_entry_at_the_end_stands_before_the_remarks_of_the_next_field() -> None:
    text = spliced("citations", 2)
    assert "  - id: two\n  # A remark.\n  - id: new\n    title: x\n\n# What follows" in text
    assert_only_added(text)


def test_an_entry_before_another_stands_above_its_remarks() -> None:
    text = spliced("citations", 1)
    assert "      in two lines\n  # A remark.\n  - id: new\n    title: x\n  # The second.\n  - id: two" in text
    assert_only_added(text)
    assert [each["id"] for each in parse("x", text.encode()).value["citations"]] == ["one", "new", "two"]


def test_an_entry_of_the_last_list_stands_before_the_last_remarks() -> None:
    text = spliced("versions", 1)
    assert "  rules: []\n# A remark.\n- id: new\n  title: x\n# The end.\n" in text
    assert_only_added(text)


def test_a_list_that_is_not_there_is_begun_before_the_versions() -> None:
    splice = Splice("policy.yaml", TEXT)
    splice.insert("source_conflicts", 0, [ENTRY], {})
    splice.insert("quarantined_rows", 0, [ENTRY], {})
    text = splice.text()
    assert_only_added(text)
    assert list(parse("x", text.encode()).value) == [
        *("known_from", "change_type", "citations", "source_conflicts", "quarantined_rows", "versions"),
    ]


def test_a_field_gets_another_text_and_keeps_its_remark() -> None:
    splice = Splice("policy.yaml", TEXT)
    splice.replace(("known_from",), "2026-01-01")
    splice.replace(("change_type",), "Modified")
    assert 'known_from: "2026-01-01"   # as published\nchange_type: Modified\n' in splice.text()


def test_a_field_of_several_lines_is_not_replaced() -> None:
    with pytest.raises(BadInput, match=r"policy.yaml:7: this field is not written in one line"):
        Splice("policy.yaml", TEXT).replace(("citations", 0, "title"), "x")


def test_a_list_in_brackets_is_not_changed() -> None:
    with pytest.raises(BadInput, match=r"policy.yaml:1: cases is written in brackets"):
        Splice("policy.yaml", "cases: [{name: a}]\n").insert("cases", 1, [ENTRY], {})
    with pytest.raises(BadInput, match="written in brackets"):
        Splice("policy.yaml", "cases: []\n").insert("cases", 0, [ENTRY], {})
