"""Flips: lines that really were, and that two editions of the rules answer differently; counted, in dollars.

Knows answers and sums; knows no file of charges (:mod:`policywire.workbench.diff.against`) and no topic
(:mod:`policywire.workbench.backtest`), which both find flips and tell them here.
"""
