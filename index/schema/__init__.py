"""The schema: every result that leaves the library, defined once, as pydantic models made from the records.

    from index.schema.hit_schema import Found
    from index.schema.redaction import redacted

    Found.model_validate(found).model_dump()     # for the user's own terminal: full paths
    Found.model_validate(redacted(found))        # for a stranger, over REST or MCP: file names only

The command line prints the models as JSON, REST describes them by OpenAPI, and MCP offers subsets of them to
assistants (`assistant_schema`). A field is declared in a record and in a model, and nowhere else; its docstring is its
description. A record that only the command line prints, such as a verification, has no model: `redaction.plain` dumps
it.

Offsets are Unicode code points of a document's text; `end` is exclusive. This package may not import FastAPI, Gradio,
the storage or an interface. It is imported only where JSON is made, because importing pydantic models takes time.
"""
