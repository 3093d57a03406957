"""Drives the same random commands at two servers and compares every reply, type by type."""
