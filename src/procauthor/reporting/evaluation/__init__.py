"""An evaluation for people: as text, as a Markdown document, as one HTML page."""
