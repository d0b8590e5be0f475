"""The library: opens, fills, searches and checks a folder of documents. Every interface works through `Library`.

`library` has the class. It holds eight parts. The others need `store`, `session` (settings, documents by name) and
`models`; `searcher` and `answerer` take questions and texts; `contents`, `changes` and `operations` take care of the
documents. No part inherits from another or uses its private attributes. No part knows a network protocol or a terminal.
"""
