"""The commands that run it.

May import: taskstream, collectors, sinks, deploy.

    up       `taskstream up`: run everything on this machine until Ctrl-C
    demo     `taskstream demo`: the main job on this machine, with recordings and a simulated team
    status   `taskstream status`: what runs, where, and how far behind it is
    doctor   `taskstream doctor`: what is missing on this machine, and what to do about it
    down     `taskstream down`: stop what runs
    mine     `taskstream mine`: opportunities from log files, without Kafka
    running  What `up` and `demo` share: signals, the table of components, addresses
    waiting  What `up` and `demo` show while everything starts or stops
"""
