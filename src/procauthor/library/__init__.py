"""The documents of a library on disk: identity, references, changes, and what is derived from them."""
