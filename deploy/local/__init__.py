"""All of it on one machine: embedded Kafka and ClickHouse, and what keeps them running.

May import: taskstream, streams, sinks, deploy.

    supervisor     Runs all of Taskstream on one machine
    unit           What the supervisor keeps running
    watch          Keeps one unit running: notices its end, waits, starts it again, gives up at last
    restart        When a process that has ended is restarted, and when to give up
    child_process  A child process that ends with us at the latest, its output in a bounded log
    parent_guard   Keeps a child process from outliving the process that wanted it
    stopping       Ends the instance of a home from outside, and removes its data
    home           The home folder of an instance: one instance at a time, and what it says about itself
    services       Kafka and ClickHouse of an instance: embedded, or the user's own
    kafka          Apache Kafka itself as a child process
    kafka_config   Settings of the embedded Kafka
    jars           Apache Kafka's jars: pinned, fetched once into the cache, verified at every start
    jars_lock      Write `jars.lock`: what Apache Kafka needs to run, with versions and checksums
    class_archive  Kafka's classes, loaded and linked ahead of time (JEP 514)
    java           Which Java runs Kafka: the one bundled as a pip package, or one that is installed
    ports          Loopback ports
    disk           Checks free disk space before anything is written
    telling        The callback by which long-running work reports its progress
    waits          What is being waited for, and for how long
    checks         Looks at this machine
    inspect        For `taskstream status`: asks the running processes what runs here
    clickhouse/    The ClickHouse engine (chDB) behind the ClickHouse HTTP protocol, for one machine
"""
