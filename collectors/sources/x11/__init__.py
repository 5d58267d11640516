"""The sources of an X11 desktop.

May import: taskstream, collectors.clock, collectors.sources.

    platform  An X11 desktop as a platform: its check, its notice and its two sources
    display   What an X11 desktop needs before anything can be observed, or one clear line why not
    input     Keyboard and mouse of an X11 desktop, through pynput
    desktop   The active window, the clipboard's owner and idle time of X11
    notice    The visible notice
"""
