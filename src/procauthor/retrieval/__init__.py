"""Hybrid retrieval over the sections of a library: by words and by meaning."""
