"""The desk's screens. Flet is imported here and nowhere else."""
