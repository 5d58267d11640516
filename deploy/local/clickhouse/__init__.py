"""The ClickHouse engine (chDB) behind the ClickHouse HTTP protocol, for one machine.

One process owns a data directory and serves it on loopback (``python -m deploy.local.clickhouse``), so that the
sink, the page, Grafana, notebooks and ``curl`` use the same path here as with a ClickHouse server. Two users exist:
the owner, who may do everything except leave the database (no files, no network), and a read-only one.

===============  ===============================================================
``process``      starts and stops the process (:class:`process.EmbeddedClickHouse`)
``server``       the process itself: HTTP server, signals, readiness
``handler``      one request: who asks, what for, run it
``answering``    the answer: headers, errors before and in the middle of it
``sessions``     connections kept between requests
``turns``        how many statements run and wait at a time
``request``      the HTTP request as data: SQL, settings, parameters, body
``access``       users and passwords, foreign web pages
``lexer``        SQL into tokens
``guard``        which statements are refused, and why
``engine``       connections to chDB, bounded and cancellable
``failures``     errors as a ClickHouse server words them
``limits``       the bounds of memory, time and concurrency
===============  ===============================================================
"""
