"""Benchmarks: every figure is a ratio of two things measured in turns. See docs/performance.md."""
