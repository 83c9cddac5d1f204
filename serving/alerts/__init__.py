"""One queue of alerts for every domain: raised, revised, merged, released, acted upon, and never lost."""
