"""Systems that people could pick instead, driven with the same readings in the same run.

Each is started from the binary of its Debian package on a fresh folder, on loopback, with its own defaults,
and is left out where it is not installed. Nothing of theirs is tuned down; what they are sent is in the form
that their documentation names for bulk writing.
"""
