"""ASGI middleware before all routes: it limits the size, speed, origin and share of each request."""
