"""The language models that write a character's lines. Start at contract.py; open.py makes the one a setting names."""
