"""A character: its mind (prompt, lore, memory, writers) and its voice (speakers)."""
