"""Images changed on purpose: pixels and an outline in, pixels out, all chance from a seeded generator.

Pixels are grey, uint8 ``(height, width)``, at the size of their file, before the network's own resizing. An outline is
bool ``(height, width)``, true inside.
"""
