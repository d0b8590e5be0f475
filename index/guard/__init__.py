"""What stands before every route of a server: the page's, the service's, `/mcp`, `/metrics`, and Gradio's own.

    client       who asks: the address behind a trusted proxy; forwarded headers of everybody else are removed
    origin       requests that another site's page has sent through a visitor's browser
    body         how large a body may be, how slowly it may come, and how many values its JSON may have
    share        how much one client may do at a time
    connections  how long a connection may stay open without a request

Everything here is ASGI and knows neither the routes' frameworks nor the library. `Guard` is the middleware. The time
limit for headers cannot be kept by middleware, which is called when they have arrived: `connections` has a protocol for
uvicorn. Importing this package loads neither.
"""
