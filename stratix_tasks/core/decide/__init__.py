"""Deciding: events and requests in; facts, each applied at once, and commands out. Functions over one `Core`, in layers.

`core` holds what they share; then come `ending` (what has not ended ends), `opening` (what may begin, begins), `attempts`
(bodies that end), `again` (what has ended is pending again), `requests` (what people ask) and `turn` (the way in).
"""
