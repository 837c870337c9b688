"""What a region's totals say: decoupling from growth (Tapio), and whether emissions have peaked. Pure."""
