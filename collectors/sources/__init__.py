"""Where a desktop's raw observations come from. They hold no character, no clipboard contents, no position."""
