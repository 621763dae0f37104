"""The Helm charts: what of them is made from code, and the values that they take."""
