"""Text that stays text when a spreadsheet opens it."""


def cell(text: str) -> str:
    """Text that a spreadsheet takes for text: what would start a formula gets a leading apostrophe.

    Formulas start with =, +, - or @, in East Asian settings with their wide forms too, or behind a control character
    that the spreadsheet drops.

    Example:
        >>> cell("=cmd()"), cell("cat")
        ("'=cmd()", 'cat')
    """
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\n＝＋－＠") else text
