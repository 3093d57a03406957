"""Servers that are killed, and servers that are abused."""
