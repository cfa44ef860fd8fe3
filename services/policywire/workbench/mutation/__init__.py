"""Deliberate small mistakes in rules, and whether a case notices each: ``policywire rules test --mutate``.

Knows documents, cases and how cases are run; changes no file.
"""
