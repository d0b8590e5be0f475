"""The dense index: nearest passages by vector. Only this package imports faiss.

A store holds a `DenseIndex`; a question reads its `IndexState`: the `Base` (large, on disk, approximate) and blocks of
vectors (in memory, exact). The builder of the base runs as a separate process, which `BuilderLauncher` starts.
"""
