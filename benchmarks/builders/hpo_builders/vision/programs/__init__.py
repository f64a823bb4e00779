"""Images drawn by programs, one family a file.

Each program maps labels ``(n,)`` and a generator to images ``(n, channels, 12, 12)``. Class definitions are part of the
program; all else (position, scale, contrast, clutter, noise) comes from the generator.
"""
