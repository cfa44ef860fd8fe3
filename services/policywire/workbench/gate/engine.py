"""The second engine's process: reads a durable-rules ruleset and messages, says which rule fired for each.

Run as a script of its own by :mod:`policywire.workbench.gate.second`, never imported there: durable-rules is a C
library that may crash or hang. Imports nothing of policywire, so nothing of ours can make the two engines agree.

Standard input is JSON a line: first ``{"rulesets": [{"rules": ..., "goes_on": ...}]}``, then for each message
``{"ruleset": position, "facts": ...}``. Standard output is a line of JSON for each: ``{"n": position, "rule": name or
null, "doubts": [...]}``. Any fault ends the process with a status.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from durable.engine import MessageNotHandledException, Ruleset


class Engine:
    """One ruleset, by a name of its own. ``goes_on`` has rules after which a line is asked about again from there on.

    Each of them is ``{"after": number, "outcome": text, "doubt": text}``: the rules up to that number are settled, its
    outcome stays in doubt, and the doubt is collected.
    """

    def __init__(self, name: str, rules: dict[str, Any], goes_on: dict[str, dict[str, Any]]) -> None:
        self._goes_on = goes_on
        self._fired: list[str] = []
        self._sessions = 0
        actions = {rule: held | {"run": self._note(rule)} for rule, held in rules.items()}
        self._ruleset = Ruleset(name, None, actions)

    def decide(self, message: dict[str, Any]) -> tuple[str | None, list[str]]:
        """The rule that fires for a message, or None; and the doubts collected on the way."""
        doubts: list[str] = []
        asked = {**message, "after": 0, "doubt": ""}
        while (name := self._ask(asked)) in self._goes_on:
            step = self._goes_on[name]
            former = asked["doubt"]
            asked["doubt"] = step["outcome"] if former in ("", step["outcome"]) else "several"
            asked["after"] = step["after"]
            doubts.append(step["doubt"])
        return name, doubts

    def _ask(self, message: dict[str, Any]) -> str | None:
        """The one rule that fires for a message in a session of its own, which is deleted after it."""
        self._sessions += 1
        session = str(self._sessions)
        self._fired.clear()
        failed: list[object] = []
        try:
            state = self._ruleset.assert_event({**message, "sid": session})
        except MessageNotHandledException:
            # Then there is no session, and durable-rules may crash where one is deleted that is not there.
            return None
        self._ruleset.do_actions(state, lambda error, _: failed.append(error))
        # Over a thousand live sessions durable-rules runs out of memory or crashes.
        self._ruleset.delete_state(session)
        if any(failed) or len(self._fired) > 1:
            raise RuntimeError(f"{len(self._fired)} rules fired, errors: {[str(each) for each in failed if each]}")
        return self._fired[0] if self._fired else None

    def _note(self, name: str) -> Callable[[object], None]:
        def run(closure: object) -> None:
            del closure
            self._fired.append(name)

        return run


def serve(read: BinaryIO, write: BinaryIO) -> None:
    """Answer everything that is to be read."""
    first = json.loads(read.readline())
    engines = [Engine(f"part {n}", each["rules"], each["goes_on"]) for n, each in enumerate(first["rulesets"])]
    for position, line in enumerate(read):
        asked = json.loads(line)
        rule, doubts = engines[asked["ruleset"]].decide(asked["facts"])
        write.write(json.dumps({"n": position, "rule": rule, "doubts": doubts}).encode() + b"\n")
        # So that a crash leaves every answer before it, and the reader knows at which message it was.
        write.flush()


if __name__ == "__main__":
    # What the C library may print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
