"""Waiting until what was asked for is there, by watching it, and telling what was missing when it is not."""
