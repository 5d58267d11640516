"""The worker: Faust, Kafka, transactions, health. All that is not pure.

May import: taskstream, streams.

    run                The worker as a process: logs, metrics, signals, deadlines, exit codes
    accepted_policies  Which policies a worker accepts batches of
    app                The Faust application
    transport          Faust's transport in micro-batches
    faust_internals    Every private name of Faust and aiokafka that this project relies on; no other file touches one
    worker             The worker: ownership, intake and health of its partitions
    ownership          The partitions that this worker owns
    intake             Input of the owned partitions
    losses             Input that can no longer be read: counted, logged, and named in a dead letter
    log_reader         Reading one partition of a topic from one offset to another, for a restore
    room               How many agents each owned partition may keep
    fit                Whether what a worker may need fits the machine
    health             Whether the worker can go on
    patience           How long something has made no progress, counting only time in which this process ran
    watchdog           Dumps the stacks of a process that hangs, and ends it
    fetch              Input from Kafka
    chunks             Records of one partition as they travel through Faust
    thread             One thread for the blocking calls of one partition, kept for the life of the process
    checkpoint         The transactional checkpoint of one input partition
    transactions       Kafka transactions
    restore            Bring a partition's operator to the committed position
    heartbeat          Event time where no events come
    topic_follower     Follows a compacted topic of one partition in a thread
    routine_follower   The routines that the catalogue has published, followed in a thread
    tables_follower    The tables that the catalogue has published, followed in a thread
    tables_writer      Writes tables into the input of each owned partition that does not use them yet
    observe            Metrics of the worker: taken once per chunk or transaction, never per event
    dead_letter_topic  Reading the dead-letter topic, and sending refused input once more to where it came from
"""
