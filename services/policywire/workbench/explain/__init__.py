"""One claim line or booked procedure explained: why, why not, who pays, and the smallest change that flips the answer.

The path is :func:`policywire.workbench.explain.explanation.explain`.
"""
