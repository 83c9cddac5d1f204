"""Fits, judges and exports models. The only room with torch and mlflow in it."""
