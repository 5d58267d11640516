"""Log files through the same stages, without Kafka.

May import: taskstream, collectors, streams, deploy.

    mine      A log file through the same stages as the stream, without Kafka
    left_out  Sequences that recur but are left out of the list, since nothing is written, copied or completed in them
"""
