"""Alerts: findings become alerts of the unit they concern and climb the tree when its recovery time runs out.

`lifecycle` holds one pure function for each thing that can happen to an alert, `pipeline` the ordered list of
stages that a finding passes, `acts` what people and plants do, `explain` the sentences, `book` the state of
all of them. Rules: DOMAIN 1.6; the two memories Active and Unacknowledged after ISA-18.2 / IEC 62682.
"""

from opsroom.alert.book import AlertBook
from opsroom.alert.priority import priority_of

__all__ = ["AlertBook", "priority_of"]
