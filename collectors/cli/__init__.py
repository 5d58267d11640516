"""The commands that feed Kafka.

May import: taskstream, collectors.

    collect    `taskstream collect`: record this desktop
    agreement  What must be settled before a recording begins: a policy, and the person's consent to it
    consent    `taskstream consent`: see one's consent, withdraw it
    replay     `taskstream replay`: recorded UI logs into Kafka, as if from many desktops
    simulate   `taskstream simulate`: a simulated office, into Kafka or into a file
    reading    What the commands that read logs share
    running    What the feeding commands share: signals, a progress bar, speeds
"""
