"""The product in one minute: a real Kafka, a worker, a practice's months, four members' weeks, and what came of them.

``run`` is the sequence and ``performance`` what is played on the ``stage``: ``stories`` are the members', ``successor``
the changed policy, ``clock`` and ``worker`` let weeks pass in seconds. ``expected`` is what must come out, ``seen``
what did; ``summary`` and ``telling`` say what it amounts to, ``show`` how it looks.
"""
