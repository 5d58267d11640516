"""What a path holds: containers and encodings.

May import: taskstream.

    container  A file, a compressed file, or an archive with several
    encoding   The encoding of a text file, told by all of its bytes
"""
