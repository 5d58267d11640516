"""What a file is, told by its content, and the reader for it.

May import: taskstream, collectors.importers.

    sniff          What a file is: the reader for it
    tables         The one shape that every reader gives a log: named columns and blocks of rows
    csv_table      Tables in text
    workbook       Workbooks (.xlsx) and Parquet files
    json_records   A flat object a line, or one document
    activitywatch  ActivityWatch: its watchers joined into one log
    xes            XES
    ocel           Object-centric event logs, OCEL 2.0: JSON, XML and SQLite
    lines          Our own logs, one JSON object a line
"""
