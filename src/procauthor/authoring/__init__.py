"""From a change request to a draft: brief, authors, the graph of the eight steps, runs and drafts on disk."""
