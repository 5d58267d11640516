"""The demo: two public recordings and a simulated team, through everything, with counts that can be checked.

``StudentRecord.csv`` and ``Reimbursement.csv`` are recordings by the authors of RPM_Segmentator, under the Apache
License 2.0 (``LICENSE-RPM_Segmentator.txt``).
"""
