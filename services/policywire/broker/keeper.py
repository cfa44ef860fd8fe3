"""Stands between policywire and the JVM, so that neither outlives the other: a program on the standard library alone.

``python -I -S keeper.py PARENT FOLDER COMMAND...`` runs the command and prints its process id. On its standard input a
``T`` asks the command to end, a ``K`` kills it. When the input ends or the parent is gone, whatever the reason, the
command is killed at once and FOLDER, unless it is empty, is removed: kill -9 of the parent leaves nothing behind.
The keeper ends with the command's exit status (128 + n for signal n).

Why a process and not PR_SET_PDEATHSIG alone: that signal comes when the *thread* that forked ends, and only on Linux.
Here it guards the other side: the JVM dies when the keeper does.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
"""Of ``<linux/prctl.h>``."""
_PARENT_CHECK_S = 0.5
"""The input normally ends with the parent; a child forked from it may hold it open, so look for the parent as well."""


def main(arguments: list[str]) -> int:
    """Keep the command until it ends or nobody wants it any more."""
    parent, folder, *command = arguments
    wake, wakened = os.pipe()
    os.set_blocking(wakened, False)
    signal.set_wakeup_fd(wakened)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, preexec_fn=_die_with_keeper)  # noqa: S603, PLW1509  what policywire composed; there is one thread here
    print(child.pid, flush=True)  # noqa: T201  the protocol
    orphaned = _watch(child, int(parent), wake)
    if orphaned:
        child.kill()
    child.wait()
    if orphaned and folder:
        shutil.rmtree(folder, ignore_errors=True)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _watch(child: "subprocess.Popen[bytes]", parent: int, wake: int) -> bool:
    """Obey until the child has ended; true when nobody is left to obey."""
    stdin = sys.stdin.fileno()
    while child.poll() is None:
        if os.getppid() != parent:
            return True
        ready, _, _ = select.select([stdin, wake], [], [], _PARENT_CHECK_S)
        if wake in ready:
            os.read(wake, 64)
        if stdin in ready:
            orders = os.read(stdin, 64)
            if not orders:
                return True
            child.send_signal(signal.SIGKILL if b"K" in orders else signal.SIGTERM)
    return False


def _die_with_keeper() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
