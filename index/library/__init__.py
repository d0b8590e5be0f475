"""The library: opens, fills, searches and checks a folder of documents. Every interface works through `Library`.

`library` has the class, which holds the parts that do the work: `session`, `lookup` and `models` are what the others
need; `searcher`, `answerer` and `checker` take questions and texts; `contents`, `changes`, `folder_sync`, `maintenance`
and `archives` take care of the documents. No part inherits from another or uses its private attributes.
"""

from index.library.library import Library

__all__ = ["Library"]
