"""One benchmark a file. A new file with a `BENCHMARK` is part of the next `make bench`."""
