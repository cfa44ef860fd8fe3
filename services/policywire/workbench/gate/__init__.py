"""The gate before publishing: every policy decided twice, by our engine and by an independent second one.

``record`` has what a run leaves behind; ``run`` is the way through. Knows no terminal and reads no clock.
"""
