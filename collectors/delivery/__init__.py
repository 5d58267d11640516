"""From recorded events to Kafka, through a spool that outlives crashes and outages.

May import: taskstream, collectors.clock.

    spool      The spool: what a desktop has recorded and Kafka has not yet acknowledged
    publisher  From the spool to Kafka
    pacing     Feeds recorded or made-up events of many desktops into Kafka
"""
