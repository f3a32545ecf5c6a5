"""Updates of an existing document: targets, operations, the edit, its proof, and the graph that asks for them."""
