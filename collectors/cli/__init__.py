"""The commands that feed Kafka.

May import: taskstream, collectors.

    collect   `taskstream collect`: record this desktop
    replay    `taskstream replay`: recorded UI logs into Kafka, as if from many desktops
    simulate  `taskstream simulate`: a simulated office, into Kafka or into a file
    reading   What the commands that read logs share
    running   What the feeding commands share: signals, a progress bar, speeds
"""
