"""What well-known functions answer: Python's own, methods of its plain values, and those of its library that ids are
made with. Each takes the ``Follower`` that asks and what the call hands over.
"""
