"""What odegraph promises to do quickly, measured; one module a group, each with `rows(runs)`."""
