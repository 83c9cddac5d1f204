"""``haechi demo``: the whole path, each step the command that a user would type, said before it runs."""
