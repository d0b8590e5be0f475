"""ASGI middleware before every route: size, speed, origin and share of each request. It knows no route."""
