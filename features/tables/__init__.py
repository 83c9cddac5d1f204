"""Published table shapes, each read into the long table."""
