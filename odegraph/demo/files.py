def write_files(*a):
    return []
