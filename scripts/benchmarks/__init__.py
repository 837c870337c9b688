"""The benchmarks: each figure as a ratio to a limit measured beside it, in the same run (docs/benchmarks.md)."""
