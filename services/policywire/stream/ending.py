"""Why a worker ends before its time: the three kinds of errors, and the one way out that nothing can hold up.

Knows exit codes. Knows nothing of what went wrong; whoever raises says so in words without a value from an event.
"""

import os
import sys
from typing import NoReturn

from policywire.errors import BadInput, OurBug, PassingFault


class LaneStopped(BadInput):
    """Somebody must look before this lane can go on; the text names the lane and what to do."""


class LaneLost(PassingFault):
    """Another worker has this lane now, or the cluster no longer takes our word for it."""


class ClusterFault(PassingFault):
    """The cluster did not answer, or not as it should; a restart will find out what became of the last batch."""


class ProtocolFault(OurBug):
    """The cluster refused a request that should have been right."""


def exit_now(status: int) -> NoReturn:
    """End the process without cleaning up: what is open is settled by the next owner's fence, never by us.

    Not ``sys.exit``: a second attempt at anything, such as a client's retry while the interpreter shuts down, is what
    must not happen.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
