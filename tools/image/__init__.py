"""The operator's image, built without a container engine: base, wheels, layers, archive."""
