"""The commands of the streams.

May import: taskstream, streams.

    worker       `taskstream worker`
    catalogue    `taskstream catalogue`: the routine catalogue and its opportunities
    dead_letter  `taskstream dead-letter`: what was refused, and why
"""
