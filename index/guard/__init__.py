"""Protects every route of a server against abuse: the page, the REST API, `/mcp`, `/metrics`, and Gradio's routes.

    client       finds the client's address behind a trusted proxy, and removes all other forwarded headers
    origin       rejects cross-site requests that another site sends through a visitor's browser
    body         limits the size of a body, its transfer time, and the number of its JSON values
    share        limits the concurrent work of one client
    response     counts the unread bytes of responses against the client's share
    connections  closes connections that stay open without a request
    backlog      closes connections whose responses stay unread

Everything here is ASGI; nothing depends on web frameworks or on the library. `Guard` is the middleware. It runs after a
header has arrived and cannot see what the client reads; the last two modules are therefore a protocol for uvicorn.
Importing this package loads neither.
"""
