"""The second runner: a Faust app over the same pure step, at least once. Starts with the extra ``faust`` alone.

Nothing else of policywire imports this package but the command, and that only when ``--runner faust`` is asked for.
"""
