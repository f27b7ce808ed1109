"""Text -> sound: what of a text is spoken and in which pieces, the voices that speak it, and phrases kept ready.

`voices.Voices` is what the others use.
"""
