"""What ``policywire bench`` measures, and how: every figure comes with its inputs and its spread, peers beside it.

``table`` shows, ``sampling`` times; ``decisions``, ``decoding``, ``loading`` and ``throughput`` each measure one thing.
"""
