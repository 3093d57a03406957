"""Clients that people use, with their default settings, against the server."""
