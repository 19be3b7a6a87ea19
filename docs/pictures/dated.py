"""Puts a day in the place of every TODAY-N: N days before today."""

import datetime
import re
import sys


def day(match):
    return str(datetime.date.today() - datetime.timedelta(int(match[1])))


print(re.sub(r"TODAY-(\d+)", day, sys.stdin.read()))
