"""The images of the local cluster: pulled, wrapped around programs built here, or stand-ins."""
