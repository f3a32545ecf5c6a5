"""Changes of a library's structure that keep every reference: rename, move, split, merge, deprecate, renumber."""
