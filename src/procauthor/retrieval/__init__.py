"""Hybrid retrieval over the sections of a library: words by SQLite FTS5, meaning by vectors in Chroma."""
