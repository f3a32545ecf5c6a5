"""Evaluations of retrieval and drafting: cases, evaluators and what came out."""
