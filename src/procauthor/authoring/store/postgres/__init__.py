"""Runs and batches in a Postgres database. Nothing here is loaded before the settings ask for it."""
