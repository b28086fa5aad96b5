"""Commands and images of the pinned upstreams, built where they cannot be downloaded; cached by content."""
