"""Files of every kind: workbooks, damaged files, bytes that contradict the extension."""
