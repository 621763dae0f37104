"""`make demo`: from nothing to a VMCluster that is operational, told step by step."""
