"""Where runs and batches are kept: in folders and SQLite, or in a database that several workers share."""
