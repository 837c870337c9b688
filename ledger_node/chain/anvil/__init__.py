"""anvil as a faster engine: it executes, our journal remembers."""
