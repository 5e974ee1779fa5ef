"""What peers say and sign. Pure: bytes and values in, values and bytes out. No I/O, clock, randomness or trio."""
