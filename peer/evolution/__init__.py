"""A character's own adapter: learned from its lines, proved on lines it never saw, kept only if it is better."""
