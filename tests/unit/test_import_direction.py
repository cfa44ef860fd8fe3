"""Dependencies point one way, and the pure core knows no Kafka, clock, environment or metrics."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "services" / "policywire"
FOUNDATION = {"errors", "resources", "__version__"}
MAY_IMPORT = {
    "errors": set[str](),
    "resources": set[str](),
    "model": {"model"},
    "rulebook": {"model", "rulebook"},
    "decision": {"model", "rulebook", "decision"},
    "cases": {"model", "rulebook", "decision", "cases"},
    "step": {"model", "rulebook", "decision", "cases"},
    "broker": {"broker"},
    "stream": {"model", "rulebook", "decision", "cases", "step", "stream"},
    "faust_runner": {"model", "rulebook", "decision", "cases", "step", "stream", "faust_runner"},
    "workbench": {"model", "rulebook", "decision", "cases", "step", "stream", "broker", "workbench"},
    "cli": {
        *("model", "rulebook", "decision", "cases", "step", "stream", "broker", "faust_runner", "workbench", "cli"),
    },
    "__init__": set[str](),
    "__main__": {"cli"},
}
"""What the modules of each part may import of the package, beside the foundation."""

CORE = {"model", "rulebook", "decision", "cases", "step"}
IMPURE = {
    *("aiokafka", "asyncio", "concurrent", "http", "logging", "multiprocessing", "os", "prometheus_client"),
    *("pydantic", "pydantic_settings", "random", "secrets", "signal", "socket", "structlog", "subprocess", "tempfile"),
    *("threading", "time", "urllib", "uuid", "uvloop"),
}
READS_A_CLOCK = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part(module: Path) -> str:
    """The part of the package that a module belongs to: the first name of its path."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(source: str) -> Iterator[str]:
    """Every module that a source imports, anywhere in it, by its full name; of ``from a import b`` also ``a.b``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            yield str(node.module)
            yield from (f"{node.module}.{each.name}" for each in node.names)


def against_the_direction(source: str, of_part: str) -> list[str]:
    allowed = MAY_IMPORT[of_part] | FOUNDATION
    parts = {name: name.split(".")[1] for name in imports(source) if name.startswith("policywire.")}
    return [name for name, imported in parts.items() if imported not in allowed]


def impure(source: str) -> list[str]:
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    clocks = (each for each in calls if isinstance(each, ast.Attribute) and each.attr in READS_A_CLOCK)
    known = (name for name in imports(source) if name.split(".")[0] in IMPURE)
    return [*known, *(f"{ast.unparse(each)}()" for each in clocks)]


def test_a_module_imports_only_what_stands_before_it() -> None:
    assert {part(module) for module in modules()} <= MAY_IMPORT.keys(), "say in MAY_IMPORT what a new part may import"
    found = {module: against_the_direction(module.read_text(), part(module)) for module in modules()}
    assert {module: names for module, names in found.items() if names} == {}


def test_the_core_knows_no_kafka_clock_environment_or_metrics() -> None:
    found = {module: impure(module.read_text()) for module in modules() if part(module) in CORE}
    assert len(found) > len(CORE)
    assert {module: names for module, names in found.items() if names} == {}


def test_the_direction_is_one_way() -> None:
    for name, allowed in MAY_IMPORT.items():
        for other in allowed - {name}:
            assert name not in MAY_IMPORT[other], f"{name} and {other} may import each other"


@pytest.mark.parametrize(
    ("source", "of_part"),
    [
        ("import policywire.cases.fold", "decision"),
        ("from policywire.step import step", "cases"),
        ("from policywire import stream", "step"),
        ("def f():\n    from policywire.cli import main", "workbench"),
        ("from policywire.workbench.replay import Replay", "stream"),
    ],
)
def test_an_import_against_the_direction_is_seen(source: str, of_part: str) -> None:
    assert against_the_direction(source, of_part) != []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path",
        "from os import environ",
        "def f():\n    import asyncio",
        "from aiokafka import AIOKafkaConsumer",
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import date\nx = date.today()",
    ],
)
def test_what_the_core_may_not_know_is_seen(source: str) -> None:
    assert impure(source) != []
