"""A template file is the schema of a document: sections, typed fields, guidance and rendering come from it."""
