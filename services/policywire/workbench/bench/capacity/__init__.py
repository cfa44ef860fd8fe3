"""What a claim costs: the worker beside a bare pass-through, Kafka Streams, Faust and Quix Streams, and bytes on disk.

``contest`` has them run in turn, ``subject`` runs and watches one, ``runners`` knows their command lines, ``disk``
looks at what a broker stored, ``result`` keeps and shows it. ``policywire.workbench.sizing`` works with the figures.
"""
