"""Model cards and reports: as data, as a page, in a terminal, in French and English.

Door: `card_document`, `card_page.render_html`, `report.make_report`, `report_table.print_report`.
"""
