"""Cuts one person's stream into executions.

May import: taskstream, streams.discovery.words, streams.discovery.semimarkov.

    folding    Raw events → steps: what happens on one field, one after another, is one step
    steps      Steps as the segmenter holds them, and as snapshots store them
    calls      Which applications stand for a call
    model      What one agent's past says about its activities
    weights    Weights of the evidence for and against the end of an execution
    edges      Evidence that an execution ends between two events
    lanes      Interrupted work told apart
    segment_record  The public record of an execution, from its steps
    segmenter  Where one execution ends and the next begins, for one agent, online
"""
