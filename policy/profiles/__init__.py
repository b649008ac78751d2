"""The country profiles: numbering, rules, legal bases and effective dates as data."""
