"""How a library begins: from nothing, or from documents that are there."""
