"""Arguments in the notation of manual pages: key [NX | XX] [key ...]."""


def syntax(arg):
    if arg.type == "pure-token":
        text = arg.token
    elif arg.type == "oneof":
        text = " | ".join(syntax(child) for child in arg.args)
        if not arg.optional or arg.token:
            text = f"<{text}>"
    elif arg.type == "block":
        text = " ".join(syntax(child) for child in arg.args)
    else:
        text = arg.display
    if arg.token and arg.type != "pure-token":
        text = f"{arg.token} {text}"
    if arg.multiple:
        text = f"{text} [{text} ...]"
    return f"[{text}]" if arg.optional else text
