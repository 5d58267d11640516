"""A simulated office: people doing routines and everything else, with the truth of it.

May import: taskstream.

    task_model  What a task is made of
    phrases     Common turns of desktop work, from which tasks are composed
    tasks       The routines of the default office, and its teams
    generator   Tasks drawn at random, plausible but seen by nobody
    person      One person's working days, event by event, in true time
    office      The office: people in teams, their desktops' clocks and networks
    truth       What truly happened in a simulated office: every execution with its times, its person, what it moved
    output      A simulated office as files
"""
