"""How a library writes what is read from it: titles, statuses, placeholders and links, by the settings."""
