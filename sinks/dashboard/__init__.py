"""The live page: opportunities, activity, transfers between applications and the pipeline's health, on loopback.

``model``   what is shown, as data          ``store``   reads ClickHouse's views (``sql/``), as the read-only user
``lag``     Kafka's own figures             ``poller``  looks for all viewers at once
``words``, ``theme``, ``charts``, ``listing``  data into texts, colours, charts and rows: pure
``page``    the page of one viewer          ``safety``  this machine only
``server``  the process
"""
