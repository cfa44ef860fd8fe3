"""Pure: one line or procedure, one policy, one answer with its reasons. Knows no member, no state, no clock."""
