"""How rows are typed and judged: values, dates, conflicts, the start of partitions."""
