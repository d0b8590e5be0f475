"""The library: opens, fills, searches and checks a folder of documents. Every interface works through `Library`.

`library` has the class, which holds the parts that do the work: `session` and `models` are what the others need;
`searcher` and `answerer` take questions and texts; `contents`, `changes` and `operations` take care of the documents.
No part inherits from another or uses its private attributes. No part knows a network protocol or a terminal.
"""
