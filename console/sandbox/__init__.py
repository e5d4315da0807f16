"""A local provider: speaks the card programme's API on loopback, with a made-up world and signed webhooks.

It shares no code with the rest of the tree, so that a mistake made twice cannot cancel itself.
"""
