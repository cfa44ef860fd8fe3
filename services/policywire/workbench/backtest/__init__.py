"""``policywire backtest``: recorded events through a draft of the rules beside those in force, without a trace.

Knows the pure step and where events are recorded. The way through: :mod:`~policywire.workbench.backtest.topics` reads,
:mod:`~policywire.workbench.backtest.lanes` runs both editions, :mod:`~policywire.workbench.backtest.standing` remembers
what each said last, :mod:`~policywire.workbench.backtest.result` says where they differ. Nothing here writes to Kafka,
joins a group or commits an offset.
"""
