"""Writes policy documents for people: from a few answers, or from a payer's list of codes. Decides nothing."""
