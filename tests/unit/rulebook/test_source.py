import pytest

from policywire.rulebook.source import DEPTH_MAX, FILE_BYTES_MAX, parse


def codes_of(content: bytes) -> list[str]:
    return [fault.code for fault in parse("x.yaml", content).faults]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xef\xbb\xbfa: 1\n", "byte-order-mark"),
        ("a: 1\n".encode("utf-16"), "byte-order-mark"),
        (b"a: caf\xe9\n", "encoding"),
        (b"a:\n\tb: 1\n", "tab"),
        (b"a: b\x00c\n", "yaml"),
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"a: [1\n", "yaml"),
        (b"a: 1\na: 2\n", "duplicate-key"),
        (b"? [a, b]\n: 1\n", "key"),
        (b"&k a: 1\n", "anchor"),
    ],
)
def test_what_makes_a_document_say_something_else_than_it_seems_to_is_refused(content: bytes, code: str) -> None:
    assert codes_of(content) == [code]


def test_a_file_that_nobody_wrote_by_hand_is_refused_unread() -> None:
    assert codes_of(b"a: " + b"b" * FILE_BYTES_MAX) == ["too-large"]


@pytest.mark.parametrize("depth", [DEPTH_MAX + 2, 10_000])
def test_a_bottomless_document_is_refused(depth: int) -> None:
    assert codes_of(b"a: " + b"[" * depth + b"]" * depth) == ["yaml"]


def test_every_fault_of_writing_comes_at_once_with_its_place() -> None:
    faults = parse("x.yaml", b"a: &one 1\nb: *one\na: 2\ncodes: [38230]\n").faults
    assert [(fault.code, fault.line, fault.column) for fault in faults] == [
        ("anchor", 1, 4),
        ("alias", 2, 4),
        ("duplicate-key", 3, 1),
        ("unquoted-code", 4, 9),
    ]


def test_the_place_of_a_byte_that_is_no_utf8_is_named() -> None:
    (fault,) = parse("x.yaml", b"a: 1\nbc: \xff\n").faults
    assert (fault.line, fault.column) == (2, 5)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("2025-12-16", "2025-12-16"),
        ("0565T", "0565T"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e2", 100.0),
        ("true", True),
        ("~", None),
        ("null", None),
        ("0x1F", "0x1F"),
        (".inf", ".inf"),
        ("'12'", "12"),
        ("9" * 31, "9" * 31),
    ],
)
def test_scalars_are_those_of_yaml_1_2_and_dates_stay_text(written: str, value: object) -> None:
    source = parse("x.yaml", f"a: {written}\n".encode())
    assert source.faults == ()
    assert source.value == {"a": value}


def test_a_quoted_code_is_no_fault() -> None:
    assert parse("x.yaml", b"codes: [\"38230\", '0565T']\n").faults == ()


def test_json_is_read_with_positions_too() -> None:
    source = parse("x.json", b'{"a": {"b": [1, "two"]}}')
    assert source.value == {"a": {"b": [1, "two"]}}
    fault = source.fault("code", ("a", "b", 1), "wrong", "Mend it.")
    assert (fault.line, fault.column, fault.path) == (1, 17, "a.b[1]")
