"""What labels say.

May import: taskstream.

    labels      Activities in words: `chrome|click|crm/customers|button:save` is "click Save"
    completion  What labels say about an activity
"""
