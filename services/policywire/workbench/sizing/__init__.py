"""How large a deployment must be for so many claims a day, on paper, from measured figures. Pure but for the files.

``figures`` reads what was measured, ``deployment`` has the formulas, ``page`` writes ``deploy/sizing.md``.
"""
