"""Cameras in: their pictures, decoded in processes of their own, at a chosen rate and with the time of each."""
