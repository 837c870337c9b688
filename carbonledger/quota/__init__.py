"""The arithmetic of surrender: caps, carry-over, deduction, penalties. Whole tonnes and fen, exact, one rounding."""
