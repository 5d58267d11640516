"""What of a log's names is shown.

May import: taskstream, collectors.agent.screens.

    label_words    All on the owner's machine, allow-listed words alone where they travel on
    allowed_words  The words of that allow-list
    apps           Applications by the names people use
    namesakes      Elements of one name at several places are numbered
    paths          Elements without a label: what varies in their path is masked
    titles         Window titles: what varies from case to case is masked
"""
