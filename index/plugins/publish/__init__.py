"""Publishes a library: what becomes public, secrets in it, and the folder for a host. Nothing is uploaded unasked."""
