"""Whole hives in virtual time."""
