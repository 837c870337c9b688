"""Documents of reports: PDF/A-3, XLSX and JSON from a report's bundle (docs/formats/report-document.md).

options    view, language, period, names
facts      the bundle, opened
boundary, results, assurance   the eight sections
build      from bundle and options to a document (model)
pdf, xlsx  the document's forms
reader     the evidence that a finished document carries
make       making, and checking by making again
"""
