"""The linter behind ``policywire rules check``: what a document says that its author cannot have meant.

Knows documents, their compiled form and the day; is never run where a worker loads rules.
"""
