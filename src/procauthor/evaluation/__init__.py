"""What a library amounts to: counts, completeness, references, paths through orchestrations, and their trend."""
