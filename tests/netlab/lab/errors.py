"""The one error of the lab: what failed, on what, and what to do."""


class LabError(Exception):
    """The lab itself failed, or was asked for something that it does not have."""
