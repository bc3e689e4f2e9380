"""How a page is printed: what it says, whole, without what only a screen can use."""

from typing import Final

# Streamlit scrolls the page inside a box; paper has the whole of it, dark ink on white, and no figure is cut in two. A
# figure keeps the width it has on the screen, 1200 pixels at most: the page is made smaller, so that it fits on A4.
STYLE: Final = """
@page { margin: 10mm; }
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stDownloadButton"],
  [data-testid="stButton"], [data-testid="stPopover"], [data-testid="stElementToolbar"], [data-testid="stPageLink"],
  [data-testid="stExpandSidebarButton"], [data-testid="stStatusWidget"], .modebar-container {
    display: none !important;
  }
  html, body, #root, .stApp, .stApp > div, [data-testid="stAppViewContainer"], [data-testid="stMain"],
  [data-testid="stMainBlockContainer"] {
    position: static !important; display: block !important; overflow: visible !important; height: auto !important;
    min-height: 0 !important; background: white !important;
  }
  .stApp { color: black !important; color-scheme: light; }
  [data-testid="stMainBlockContainer"] { max-width: none !important; padding: 0 !important; zoom: 0.6; }
  .stPlotlyChart, [data-testid="stImage"], [data-testid="stTable"] tr, figure { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
}
"""
