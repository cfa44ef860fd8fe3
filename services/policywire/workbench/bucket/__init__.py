"""The denial bucket: the claim lines that one policy is expected to deny, as a table that a billing team works from.

Knows determinations as they go out; does not know rules. Where they are read from and how the table is written stand in
modules of their own.
"""
