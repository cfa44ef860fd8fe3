"""What a search finds in the policies that ship, what it offers when it finds nothing, and where indexes are kept."""

import os
import threading
from datetime import date
from pathlib import Path

import pytest

from policywire.errors import BadInput
from policywire.model.records import Outcome
from policywire.rulebook.load import File, files_in
from policywire.workbench.search.codes import code_set, needed_code_set
from policywire.workbench.search.hit import Found
from policywire.workbench.search.index import SearchIndex
from policywire.workbench.search.nearest import with_nearest
from policywire.workbench.search.query import STEMS_MAX, Query, asked
from policywire.workbench.search.shelf import FORMAT, KEPT, fingerprint, index_of

RULES = Path(__file__).parents[3] / "rules"
TODAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def shipped() -> SearchIndex:
    return index_of(files_in(RULES), None)


def found(index: SearchIndex, *words: str, **narrowed: object) -> Found:
    codes, stems = asked(words, (), ())
    return with_nearest(index, Query(codes=codes, words=stems, **narrowed), TODAY)  # type: ignore[arg-type]


def test_a_code_is_found_as_it_is_in_force_with_what_changed_when(shipped: SearchIndex) -> None:
    (hit,) = found(shipped, "0565T").hits
    assert (hit.payer, hit.policy, hit.version, hit.status) == ("cigna", "MM 0552", date(2025, 12, 16), "in_force")
    assert [(rule.id, rule.matched, rule.codes) for rule in hit.rules] == [
        ("adipose-implant-knee", ("0565T",), ("0565T", "0566T"))
    ]
    assert [str(change) for change in hit.timeline] == [
        "2020-03-15 experimental or investigational",
        "2025-12-16 experimental or investigational → not medically necessary",
        "2025-12-16 prior authorization: not known → no way to ask for it",
    ]


def test_the_version_of_a_date_of_service_is_found(shipped: SearchIndex) -> None:
    (hit,) = found(shipped, "0565t", on=date(2025, 12, 15)).hits
    assert (hit.version, hit.effective_through) == (date(2020, 3, 15), date(2025, 12, 15))
    assert hit.rules[0].outcome == Outcome.EXPERIMENTAL_INVESTIGATIONAL


def test_what_was_not_known_yet_is_not_there_and_ends_no_window(shipped: SearchIndex) -> None:
    (hit,) = found(shipped, "0565T", known_on=date(2025, 12, 1), all_versions=True).hits
    assert (hit.version, hit.effective_through, hit.status) == (date(2020, 3, 15), None, "in_force")
    assert [str(change) for change in hit.timeline] == ["2020-03-15 experimental or investigational"]
    assert hit.document_known_from == date(2025, 12, 16)


def test_every_version_is_found_where_all_are_asked_for(shipped: SearchIndex) -> None:
    hits = found(shipped, "2*", all_versions=True).hits
    assert [(hit.version, hit.status) for hit in hits] == [
        (date(2025, 12, 16), "in_force"),
        (date(2020, 3, 15), "superseded"),
    ]


def test_an_outcome_narrows_the_rules_and_says_their_condition(shipped: SearchIndex) -> None:
    (hit,) = found(shipped, "38230-38232", outcomes=(Outcome.OTHER_POLICY,)).hits
    (rule,) = hit.rules
    assert rule.condition == "the clinical context is oncology"
    assert rule.handoff == "Cigna stem cell transplantation policies"


def test_words_find_other_forms_of_them_and_choose_the_rules_that_speak(shipped: SearchIndex) -> None:
    (hit,) = found(shipped, "transplant donors").hits
    assert {rule.id for rule in hit.rules} >= {"marrow-harvest-oncology"}
    assert "adipose-implant-knee" not in {rule.id for rule in hit.rules}
    assert hit.worth > 0


@pytest.mark.parametrize(
    ("words", "narrowed", "said"),
    [
        (("0565U",), {}, "No policy lists 0565U."),
        (("0564T",), {}, "No policy lists 0564T. Listed near it: 0565T, 0566T, 0717T."),
        (("0565",), {}, "No policy lists 0565. Did you mean 0565T"),
        (("565T",), {}, "No policy lists 565T. Did you mean 0565T"),
        (("0565U",), {}, "Not listed is not covered"),
        (("99200-99299",), {}, "No policy lists a code of 99200-99299."),
        (("62308",), {}, "62308 is an id of the payer cigna: ask with --payer 62308."),
        (("stme",), {}, "No policy has a word that begins with stme. Did you mean stem?"),
        (("0565T",), {"payer": "Cygna"}, "There is no payer Cygna. Did you mean cigna?"),
        (("0565T",), {"policy": "MM 0553"}, "There is no policy MM 0553. Did you mean MM 0552?"),
        (
            ("0565T",),
            {"on": date(2019, 1, 1)},
            "not then, but 2020-03-15 to 2025-12-15: experimental or investigational; superseded, known from 2020",
        ),
        (("0565T",), {"outcomes": (Outcome.COVERED,)}, "not with that outcome, but from 2025-12-16: not medically"),
        (("0565T", "marrow", "umbilical"), {}, "No policy has a word that begins with umbilical."),
    ],
)
def test_where_nothing_is_found_it_says_what_comes_near(
    shipped: SearchIndex, words: tuple[str, ...], narrowed: dict[str, object], said: str
) -> None:
    answer = found(shipped, *words, **narrowed)
    assert answer.total == 0
    assert any(said in sentence for sentence in answer.nearest), answer.nearest


@pytest.mark.parametrize("text", ["20999-0565T", "20999-20900", "A0001-20999"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is no range"):
        code_set(text)


@pytest.mark.parametrize("text", ["stem", "0118", "2099", "20999-", "*", "0565TT", "12345*6"])
def test_what_has_not_the_shape_of_codes_is_none(text: str) -> None:
    assert code_set(text) is None
    with pytest.raises(BadInput, match="names no procedure codes"):
        needed_code_set(text)


def test_a_range_holds_codes_of_its_kind_alone() -> None:
    anaesthesia = needed_code_set("00100-01999")
    assert anaesthesia.holds("00740")
    assert not anaesthesia.holds("0101T")
    assert str(needed_code_set(" 056* ")) == "056*"


def test_words_that_say_nothing_are_left_out_unless_they_are_all() -> None:
    assert asked(["therapy", "for the knee"], (), ()).words == ("therapy", "knee")
    assert asked(["for"], (), ()).words == ("for",)
    with pytest.raises(BadInput, match="no word"):
        asked(["---"], (), ())
    with pytest.raises(BadInput, match="at most 16"):
        asked([f"word{number}" for number in range(STEMS_MAX + 1)], (), ())


def test_an_index_is_kept_and_taken_again(tmp_path: Path) -> None:
    made = index_of(files_in(RULES), tmp_path / "shelf")
    (kept,) = (tmp_path / "shelf").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    written = kept.stat().st_ino
    again = index_of(files_in(RULES), tmp_path / "shelf")
    assert found(again, "20999") == found(made, "20999")
    assert kept.stat().st_ino == written


def test_a_changed_document_has_another_index(tmp_path: Path) -> None:
    files = list(files_in(RULES))
    changed = [File(each.name, each.content + b"\n# changed\n") for each in files]
    assert len({fingerprint(files), fingerprint(changed), fingerprint(files[:-1]), fingerprint(reversed(files))}) == 4
    moved = [File("a" + each.name, each.content) for each in files]
    assert fingerprint(moved) != fingerprint(files)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[:-1],
        lambda content: content[:2000] + bytes([content[2000] ^ 1]) + content[2001:],
        lambda content: b"another index 9\n" + content[len(FORMAT) :],
    ],
)
def test_a_damaged_index_is_made_again(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    index_of(files_in(RULES), tmp_path)
    (kept,) = tmp_path.iterdir()
    sound = kept.read_bytes()
    kept.write_bytes(damage(sound))
    assert found(index_of(files_in(RULES), tmp_path), "0565T").total == 1
    assert kept.read_bytes() == sound


def test_an_index_with_a_right_checksum_and_another_shape_is_made_again(tmp_path: Path) -> None:
    from zlib import crc32  # noqa: PLC0415  this test forges one

    index_of(files_in(RULES), tmp_path)
    (kept,) = tmp_path.iterdir()
    forged = b"\x81\xa1a\x01"
    kept.write_bytes(FORMAT + crc32(forged).to_bytes(4, "big") + forged)
    assert found(index_of(files_in(RULES), tmp_path), "0565T").total == 1


def test_only_the_latest_indexes_are_left(tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        shifted = [File(each.name, each.content + b"# %d\n" % number) for each in files_in(RULES)]
        index_of(shifted, tmp_path)
        (path,) = (each for each in tmp_path.iterdir() if each.name.startswith(fingerprint(shifted)))
        os.utime(path, (number, number))
    assert len(list(tmp_path.iterdir())) == KEPT
    assert (tmp_path / f"{fingerprint(shifted)}.index").is_file()


def test_searches_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    totals: list[int] = []

    def search() -> None:
        totals.append(found(index_of(files_in(RULES), tmp_path), "0565T").total)

    threads = [threading.Thread(target=search) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert totals == [1] * 6
    assert len(list(tmp_path.iterdir())) == 1


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert found(index_of(files_in(RULES), tmp_path / "file" / "shelf"), "0565T").total == 1


def test_a_document_that_cannot_be_read_does_not_stop_the_rest(shipped: SearchIndex) -> None:
    broken = File("broken.yaml", b"document: policy.v1\npayer: [")
    index = index_of([*files_in(RULES), broken], None)
    assert found(index, "0565T").total == found(shipped, "0565T").total
    assert [each.partition(":")[0] for each in index.unreadable] == ["broken.yaml"]
    with pytest.raises(BadInput, match="no policy that can be read"):
        index_of([broken], None)
