"""The history of one policy: its versions, what was known when, who published it, which commits touched it."""
