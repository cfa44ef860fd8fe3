"""The fault harness: real Kafka, several workers, faults while events flow, and an auditor that recomputes everything.

``python -m tests.chaos.harness`` runs it by hand; ``test_exactly_once.py`` is what ``make test`` runs. All data here is
synthetic.
"""
