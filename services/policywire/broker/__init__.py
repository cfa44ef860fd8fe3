"""A real Apache Kafka for everyone: fetched once, run on this machine, gone when its user is.

``LocalBroker`` is the whole of it. Knows jars, Java and processes; must not know claims, policies or the worker.
"""

from policywire.broker.errors import BrokerError, JarCorrupt, JarsUnavailable, JavaUnavailable, NodeFailed
from policywire.broker.node import LocalBroker

__all__ = ["BrokerError", "JarCorrupt", "JarsUnavailable", "JavaUnavailable", "LocalBroker", "NodeFailed"]
