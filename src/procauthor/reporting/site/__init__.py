"""A library as a folder of pages for readers."""
