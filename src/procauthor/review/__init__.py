"""Reviews: who wrote and approved what, and who relies on a contract that changed."""
