"""Documents as they are published: under which keys, and that nothing is lost on the way."""

from pathlib import Path

import pytest
from tests.unit.scenes import RULES

from policywire.errors import RulesRefused
from policywire.rulebook.load import File, document_of, files_in, load_rulebook, read_rules
from policywire.rulebook.publication import publication, published_files

SYNTHETIC = Path(__file__).parents[2] / "rules" / "synthetic"


@pytest.mark.parametrize("folder", [RULES, SYNTHETIC], ids=lambda folder: folder.name)
def test_published_and_read_again_they_are_the_rulebook_of_the_same_revision(folder: Path) -> None:
    reading = read_rules(published_files(publication(folder, files_in(folder))))
    assert reading.faults == ()
    assert reading.rulebook is not None
    assert reading.rulebook.revision == load_rulebook(folder).revision


def test_each_document_has_a_key_that_says_what_it_is_and_cases_have_none() -> None:
    assert sorted(publication(RULES, files_in(RULES))) == [
        "cigna/MM 0552",
        "contexts:clinical-context",
        "payer:cigna",
        "terms:stem-cell-terms",
        "watch:watch/alerts.yaml",
        "watch:watch/mm-0552.yaml",
    ]


def test_how_a_document_is_written_down_does_not_change_what_is_published() -> None:
    files = list(files_in(RULES))
    commented = [File(file.name, b"# a remark\n" + file.content) for file in files]
    assert publication(RULES, commented) == publication(RULES, files)


def test_what_is_no_document_is_refused_by_name() -> None:
    with pytest.raises(RulesRefused, match=r"broken\.yaml"):
        document_of(File("broken.yaml", b"document: nonsense\n"))
