"""The open items of a plan, authored as one batch."""
