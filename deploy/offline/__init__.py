"""Log files through the same stages, without Kafka.

May import: taskstream, collectors, streams, deploy.

    mine  A log file through the same stages as the stream, without Kafka
"""
