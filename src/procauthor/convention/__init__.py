"""How a library writes what is read from it: titles, statuses and placeholders, by the settings."""
