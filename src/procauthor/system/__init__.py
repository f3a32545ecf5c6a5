"""What differs between operating systems: locks, flags and modes of files, renaming, processes, standard streams.

No other room asks which system it runs on, or uses what only some have.
"""
