"""The ClickHouse engine (chDB) behind the ClickHouse HTTP protocol, for one machine.

May import: taskstream.

    endpoint_process  Starts and stops the endpoint's process
    __main__          `python -m deploy.local.clickhouse --path DIR [--port N] [--user U]`
    server            The process: opens the directory, serves it on loopback, says where, and stops cleanly
    handler           One request from end to end
    request           One HTTP request as data
    access            Who may ask: passwords, and no web page but our own address
    lexer             SQL into tokens, without comments, as the ClickHouse lexer cuts it
    guard             Which statements are refused
    rights            What the reader may read: views made for people
    limits            The bounds within which the endpoint works, all in one place
    turns             Bounds how many statements run and wait at a time
    sessions          Sessions: connections kept between requests, for temporary tables and SET
    incoming          The data of one INSERT, collected in a private file that the engine then reads
    engine            Connections to the chDB engine: one process, one directory, one fresh connection a request
    answering         The answer to one request, in the words of a ClickHouse server
    failures          Errors in the words and with the codes of a ClickHouse server
"""
