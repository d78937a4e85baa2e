"""Where bodies run: threads, the bodies' own loop, or inline; and what a body sees of its run."""
