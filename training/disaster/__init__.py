"""Models of disaster risk: fitted, judged by event, exported."""
