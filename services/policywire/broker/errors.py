"""What can go wrong with the local broker; every text names the mend.

::

    PolicywireError
    └── BrokerError
        ├── JarsUnavailable   (PassingFault) a jar could not be had: offline, refused, no address
        ├── JarCorrupt        (PassingFault) a jar came whole and is not the pinned one
        ├── JavaUnavailable   (BadInput) no Java, or none new enough
        └── NodeFailed        (PassingFault) the broker did not start, or ended by itself
"""

from policywire.errors import BadInput, PassingFault, PolicywireError


class BrokerError(PolicywireError):
    """The local broker cannot do what was asked."""


class JarsUnavailable(BrokerError, PassingFault):
    """A jar could not be downloaded."""


class JarCorrupt(BrokerError, PassingFault):
    """A downloaded jar is not the pinned one; nothing of it was kept."""


class JavaUnavailable(BrokerError, BadInput):
    """There is no Java that runs Apache Kafka."""


class NodeFailed(BrokerError, PassingFault):
    """The broker's process ended or did not become ready in time."""
