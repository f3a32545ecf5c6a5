"""Rules over a library, and the check that runs them."""
