"""Where raw observations come from. They hold no character, no clipboard contents, no position.

May import: taskstream, collectors.clock.

    base     Raw observations, as small as the gate needs them
    keys     From key presses to classes and allow-listed shortcuts
    opening  Opens the sources of this system
    x11/     The sources of an X11 desktop
"""
