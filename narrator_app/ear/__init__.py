"""Ears: what the narrator says becomes words, and words become narration."""
