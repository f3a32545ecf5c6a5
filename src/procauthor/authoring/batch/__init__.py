"""Many procedures under one roof: who waits for whom, what may be spent, and what is on disk."""
