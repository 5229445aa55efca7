"""Model cards and reports: as data, as a page, in a terminal, in French and English.

Door: `report.make_report`, `card_document.build_card`, `card_page.render_html`, `report_table.print_report`.
"""
