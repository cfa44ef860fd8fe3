"""Policy documents become one immutable rulebook, found by payer id, code and date. Knows no event, no state."""
