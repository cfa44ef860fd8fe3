"""Asks the second engine, in a process of its own with a time limit: whatever goes wrong there is a failed gate.

Knows processes and the protocol of :mod:`policywire.workbench.gate.engine`; does not know a policy.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.gate.reading import Message
from policywire.workbench.gate.ruleset import Ruleset

COMMAND: Final = (sys.executable, "-I", "-X", "faulthandler", str(Path(__file__).with_name("engine.py")))
"""The process: isolated, so that no module at hand and no PYTHON... setting reaches it."""

STDERR_LINES: Final = 12
"""So much of what it said last is shown."""


class Fired(Struct, frozen=True, forbid_unknown_fields=True):
    """What the second engine says of one message: the rule that fired, None when none did."""

    n: int
    rule: str | None
    doubts: tuple[str, ...]


class SecondEngineFailed(Exception):
    """It crashed, hung or did not answer as agreed. ``answered`` messages were; the words say what happened."""

    def __init__(self, what: str, answered: int, said: str) -> None:
        super().__init__(what)
        self.what = what
        self.answered = answered
        self.said = said
        """The end of its standard error."""


def durable_rules_version() -> str:
    """The version of the second engine.

    Raises:
        BadInput: it is not installed.
    """
    try:
        return version("durable-rules")
    except PackageNotFoundError as error:
        mend = "Install it with pip install 'policywire[gate]' (it is built from source and needs a C compiler)."
        raise BadInput(f"The gate's second engine, durable-rules, is not installed. {mend}") from error


def ask(rulesets: Sequence[Ruleset], messages: Sequence[tuple[int, Message]], time_limit: float) -> tuple[Fired, ...]:
    """What the second engine says of each message.

    Args:
        rulesets: of the policy, as ``ruleset.rulesets_of`` gives them.
        messages: the facts of each line, with the position of the ruleset that has its code.
        time_limit: seconds for all of them, the start of the process included.

    Raises:
        SecondEngineFailed: it did not answer all of them as agreed in time.
    """
    first = {"rulesets": [{"rules": each.rules, "goes_on": each.goes_on} for each in rulesets]}
    asked = [first, *({"ruleset": position, "facts": facts} for position, facts in messages)]
    try:
        done = subprocess.run(  # noqa: S603  our own command, no shell
            COMMAND,
            input=b"\n".join(map(msgspec.json.encode, asked)) + b"\n",
            capture_output=True,
            timeout=time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        answered = (error.stdout or b"").count(b"\n")
        said = _end_of(error.stderr or b"")
        raise SecondEngineFailed(f"was not done after {time_limit:g} s and was killed", answered, said) from None
    said = _end_of(done.stderr)
    if done.returncode:
        raise SecondEngineFailed(_ending(done.returncode), done.stdout.count(b"\n"), said)
    return tuple(_answers(done.stdout, [rulesets[position] for position, _ in messages], said))


def _answers(output: bytes, asked: Sequence[Ruleset], said: str) -> Iterator[Fired]:
    answered = 0
    for line in output.splitlines():
        try:
            fired = msgspec.json.decode(line, type=Fired)
        except msgspec.DecodeError:
            raise SecondEngineFailed("answered with something that is no answer", answered, said) from None
        if fired.n != answered or answered >= len(asked) or fired.rule not in (None, *asked[answered].says):
            raise SecondEngineFailed("answered out of order, or with a rule that it was not given", answered, said)
        answered += 1
        yield fired
    if answered != len(asked):
        raise SecondEngineFailed(f"answered {answered} of {len(asked)} lines and ended", answered, said)


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _end_of(stderr: bytes) -> str:
    return "\n".join(stderr.decode(errors="replace").splitlines()[-STDERR_LINES:])
