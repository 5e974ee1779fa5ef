"""What the screens show, as values: no screens here, nothing that waits, nothing that is read from a disk."""
