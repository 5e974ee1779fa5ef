"""A running node and the command line: sockets, store, blobs, settings, audio files."""
