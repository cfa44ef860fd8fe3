"""``policywire rules diff``: what two editions of the rules answer differently, not how their text differs.

Knows rulebooks and lines made for comparing them; knows no terminal, no Kafka and no recorded claim. The way through:
:mod:`~policywire.workbench.diff.edition` reads both sides; :mod:`~policywire.workbench.diff.comparison` finds the
policies and codes to compare; :mod:`~policywire.workbench.diff.space` decides lines of which every other line has a
twin that is decided alike; :mod:`~policywire.workbench.diff.boxes` says in few words where the answers differ.
"""
