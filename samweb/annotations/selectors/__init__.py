"""Reads. Every one begins at the scope of a person: foreign = missing = 404."""
