"""What a policy means for the people it concerns: one page for each kind of reader, and what is still to come.

Knows documents; decides nothing.
"""
