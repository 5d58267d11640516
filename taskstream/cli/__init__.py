"""The command `taskstream`, and the commands that belong to no part.

May import: taskstream.

    main     The command `taskstream`
    options  Options that many commands share
    schema   `taskstream schema`: the contract as JSON Schema
    topics   `taskstream topics`: show and create the topics
    policy   `taskstream policy`: make, sign, read and check the policy of a desktop
"""
