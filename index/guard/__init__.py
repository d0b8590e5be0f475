"""What stands before every route of a server: the page's, the service's, `/mcp`, `/metrics`, and Gradio's own.

    client       who asks: the address behind a trusted proxy; forwarded headers of everybody else are removed
    origin       requests that another site's page has sent through a visitor's browser
    body         how large a body may be, how slowly it may come, and how many values its JSON may have
    share        how much one client may do at a time
    response     what a client has not read yet, as a part of its share
    connections  how long a connection may stay open without a request
    backlog      how long a response may stay unread

Everything here is ASGI and knows neither the routes' frameworks nor the library. `Guard` is the middleware. It is
called when a header has arrived, and does not see what the client reads: for the last two, `connections` has a protocol
for uvicorn. Importing this package loads neither.
"""
