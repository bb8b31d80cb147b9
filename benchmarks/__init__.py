"""What is measured, against what, and how: `make bench` runs it all and writes `benchmarks/results.md`."""
