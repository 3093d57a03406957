"""The benchmark behind `make bench`: Synap beside Redis and nginx, never a timed test."""
