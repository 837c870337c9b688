"""The quota contracts in Python, a module for each, word by word and with their errors by name."""
