"""The outermost layer: what wakes the operator, and the process that holds it all together."""
