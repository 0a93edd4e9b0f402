"""Letters (公文): one description, written as DOCX to be edited and as PDF to be kept, in the form of GB/T 9704.

form = read_form("clarification", workspace / "letters")      # the office's own text, or the packaged one
letter = form.fill({"姓名": name, ...}, on=date(2026, 3, 18))
docx.write(letter)                                            # bytes
pdf.write(letter, fonts=workspace / "letters" / "fonts")      # bytes
"""
