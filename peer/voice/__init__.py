"""How a character sounds: what of its text is said aloud, in which voice, by which speaker."""
