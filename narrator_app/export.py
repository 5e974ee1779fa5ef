def to_json(book):
    return b"{}"


def to_text(book):
    return b""
