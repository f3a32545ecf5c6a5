"""Markdown text to a document with byte spans, and spans back to bytes. Pure: no disk, no settings."""
