"""The only layer besides `watch` that touches the world: it talks to the Kubernetes API server."""
