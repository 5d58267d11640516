"""The commands of the sinks.

May import: taskstream, sinks.

    sink               `taskstream sink`: from Kafka to ClickHouse
    migrate            `taskstream migrate`: bring ClickHouse to the schema of this version
    opportunities      `taskstream opportunities`: what is worth automating
    opportunity_table  The list of opportunities on a terminal
    routine            `taskstream routine`: everything known of one routine
    routine_evidence   The evidence for one routine on a terminal
    dashboard          `taskstream dashboard`: the live page
"""
