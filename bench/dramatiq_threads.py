"""How many worker threads both sides of the drain use."""

THREADS = 16
