"""The benchmark: drives any operator of these kinds through its API server, and counts."""
