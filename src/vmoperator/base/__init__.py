"""Words that every layer shares: errors, manifests, names, labels, settings."""
