"""Taste that matters: short functions and modules, names of the field, and nothing left half done."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400
SOURCES = {each: each.read_text() for each in sorted((ROOT / "services").rglob("*.py"))}
TESTS = {each: each.read_text() for each in sorted((ROOT / "tests").rglob("*.py"))}
TEXT_FILES = {".py", ".yaml", ".json", ".md", ".toml", ".sh", ""}
WRITTEN = [
    *(each for each in sorted(ROOT.glob("*")) if each.is_file() and each.suffix in TEXT_FILES),
    *(
        each
        for folder in ("services", "tests", "rules", "schemas", "deploy", ".ci")
        for each in sorted((ROOT / folder).rglob("*"))
        if each.is_file() and each.suffix in TEXT_FILES
    ),
]
# Put together from halves, so that this file does not hold what it forbids.
LEFT_UNDONE = re.compile("|".join(rf"\b{first}{rest}\b" for first, rest in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"))))
NOT_OUR_WORDS = re.compile(rf"\b{'A' + 'BN'}s?\b|{'wai' + 'ver'}", re.IGNORECASE)
VAGUE = re.compile(r"util|helper|manager|misc|common")
NEVER_IN_TESTS = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.xfail"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Every function of a source with its number of lines, from ``def`` to its end."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def idle_tests(source: str) -> list[str]:
    """Tests that neither assert nor expect a raise, nor call something of their module that does."""
    tree = ast.parse(source)
    defined = {x.name: x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef)}
    checks = {name for name, each in defined.items() if re.search(r"\bassert|raises|fail\(", ast.unparse(each))}
    names = {name: {x.id for x in ast.walk(each) if isinstance(x, ast.Name)} for name, each in defined.items()}
    return [name for name in defined if name.startswith("test_") and name not in checks and not names[name] & checks]


def test_functions_are_short() -> None:
    lengths = {(named(path), *each) for path, source in (SOURCES | TESTS).items() for each in functions(source)}
    assert {each for each in lengths if each[2] > FUNCTION_LINES_MAX} == set()


def test_modules_are_short() -> None:
    lengths = {named(path): len(source.splitlines()) for path, source in SOURCES.items()}
    assert {path: lines for path, lines in lengths.items() if lines > MODULE_LINES_MAX} == {}


def test_a_module_begins_with_what_it_knows() -> None:
    assert [named(path) for path, source in SOURCES.items() if not ast.get_docstring(ast.parse(source))] == []


def test_a_module_is_named_for_a_noun_of_the_field() -> None:
    assert [named(path) for path in (*SOURCES, *TESTS) if VAGUE.search(path.stem)] == []


def test_nothing_is_left_undone() -> None:
    assert len(WRITTEN) > len(SOURCES) + len(TESTS)
    assert [named(path) for path in WRITTEN if LEFT_UNDONE.search(path.read_text())] == []


def test_an_agreement_is_called_an_agreement() -> None:
    assert [named(path) for path, source in (SOURCES | TESTS).items() if NOT_OUR_WORDS.search(source)] == []


def test_no_test_is_skipped() -> None:
    for path, source in TESTS.items():
        used = {ast.unparse(x) for x in ast.walk(ast.parse(source)) if isinstance(x, ast.Attribute)}
        assert used.isdisjoint(NEVER_IN_TESTS), named(path)


def test_every_test_can_fail() -> None:
    found = {named(path): idle_tests(source) for path, source in TESTS.items()}
    assert {path: names for path, names in found.items() if names} == {}


def test_long_functions_and_idle_tests_are_seen() -> None:
    body = "        x = 1\n" * FUNCTION_LINES_MAX
    assert list(functions(f"def short():\n    pass\nclass A:\n    def long(self):\n{body}")) == [
        ("short", 2),
        ("long", FUNCTION_LINES_MAX + 1),
    ]
    assert idle_tests("def test_a():\n    f()\ndef test_b():\n    assert f()\n") == ["test_a"]
