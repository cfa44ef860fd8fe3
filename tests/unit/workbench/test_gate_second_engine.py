"""Whatever happens to the second engine's process, the gate does not pass, and says what happened."""

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from tests.unit.workbench.gate_scenes import QUICK, tried

from policywire.errors import BadInput
from policywire.workbench.gate import second
from policywire.workbench.gate.ruleset import Ruleset
from policywire.workbench.gate.trial import Effort, Trial

ENGINE = Path(second.__file__).with_name("engine.py")
Process = Callable[[str], None]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Process:
    """Puts a script in the second engine's place."""

    def start(text: str) -> None:
        script = tmp_path / "engine.py"
        script.write_text(text)
        monkeypatch.setattr(second, "COMMAND", (sys.executable, "-I", str(script)))

    return start


def failed(trial: Trial) -> str:
    assert not trial.passed
    assert trial.failure is not None
    return trial.failure.what


def test_a_crash_of_the_process_is_a_failed_gate(process: Process) -> None:
    process("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert failed(tried()) == "the second engine was ended by SIGSEGV"


def test_a_crash_inside_the_engine_names_the_line_that_it_was_asked_about(process: Process) -> None:
    # The real engine, whose C library is made to crash at the fourth line.
    process(
        "import ctypes, runpy, durable.engine as d\n"
        "asked, real = [], d.Ruleset.assert_event\n"
        "def crash(self, message):\n"
        "    asked.append(message)\n"
        "    return ctypes.string_at(0) if len(asked) == 4 else real(self, message)\n"
        "d.Ruleset.assert_event = crash\n"
        f"runpy.run_path({str(ENGINE)!r}, run_name='__main__')"
    )
    trial = tried()
    assert failed(trial) == "the second engine was ended by SIGSEGV"
    assert trial.failure is not None
    assert trial.failure.name is not None
    assert trial.failure.name.startswith("case: ")
    assert trial.failure.line is not None


def test_durable_rules_itself_crashes_or_hangs_on_a_giant_and_that_is_seen() -> None:
    parts = [{"$or": [{"a": str(n)}, {"$and": [{"f": n}, {"g": 2}]}]} for n in range(400)]
    rules = {f"rule {n}": {"all": [{"m": {"$and": [{"b": "x"}, each]}}], "pri": n} for n, each in enumerate(parts, 1)}
    giant = Ruleset(frozenset(), rules, {}, dict.fromkeys(rules), frozenset())
    with pytest.raises(second.SecondEngineFailed, match=r"was ended by SIG|was killed|ended with status"):
        second.ask((giant,), [(0, {"a": "399", "b": "x", "f": 1, "g": 1})], 10)


def test_an_abort_is_a_failed_gate_with_its_last_words(process: Process) -> None:
    process("import os, sys\nprint('out of everything', file=sys.stderr, flush=True)\nos.abort()")
    trial = tried()
    assert failed(trial) == "the second engine was ended by SIGABRT"
    assert trial.failure is not None
    assert "out of everything" in trial.failure.said


def test_a_process_that_hangs_is_killed_and_fails(process: Process) -> None:
    process("import time\ntime.sleep(600)")
    trial = tried(effort=Effort(claims=10, time_limit=1))
    assert failed(trial) == "the second engine was not done after 1 s and was killed"


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("raise SystemExit(3)", "ended with status 3"),
        ("print('Segmentation fault')", "answered with something that is no answer"),
        ("import os; os.write(1, bytes(range(128, 200)))", "answered with something that is no answer"),
        ("print('{}')", "answered with something that is no answer"),
        ('print(\'{"n":0,"rule":null,"doubts":[],"more":1}\')', "answered with something that is no answer"),
        ('print(\'{"n":1,"rule":null,"doubts":[]}\')', "answered out of order, or with a rule that it was not given"),
        ('print(\'{"n":0,"rule":"??","doubts":[]}\')', "answered out of order, or with a rule that it was not given"),
        ("pass", "answered 0 of "),
    ],
)
def test_garbage_is_a_failed_gate(process: Process, script: str, what: str) -> None:
    process(script)
    assert failed(tried()).startswith(f"the second engine {what}")


def test_answers_to_too_few_or_too_many_lines_are_a_failed_gate(process: Process) -> None:
    reply = "import sys, json\nlines = sys.stdin.readlines()[1:]\n"
    process(reply + "for n in range(len(lines) - 1): print(json.dumps({'n': n, 'rule': None, 'doubts': []}))")
    trial = tried()
    assert failed(trial) == f"the second engine answered {trial.cases + 599} of {trial.cases + 600} lines and ended"
    process(reply + "for n in range(len(lines) + 1): print(json.dumps({'n': n, 'rule': None, 'doubts': []}))")
    assert "answered out of order" in failed(tried())


def test_one_answer_for_everything_is_a_difference_not_a_crash(process: Process) -> None:
    process(
        "import sys, json\n"
        "for n, _ in enumerate(sys.stdin.readlines()[1:]): print(json.dumps({'n': n, 'rule': None, 'doubts': []}))"
    )
    trial = tried(effort=QUICK)
    assert trial.failure is None
    assert trial.differing > 300


def test_without_durable_rules_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(second, "version", missing)
    with pytest.raises(BadInput, match=r"pip install 'policywire\[gate\]'"):
        second.durable_rules_version()
