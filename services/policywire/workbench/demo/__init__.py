"""The product in one minute: a real Kafka, a worker, some thousand claims, and what came of them, checked.

``run`` is the sequence, ``expected`` what must come out, ``summary`` what it amounts to, ``show`` how it looks.
"""
