"""The library in an editor: a language server over stdio. Only this room knows the protocol's types and its server."""
