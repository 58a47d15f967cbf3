"""Self-contained HTML pages about compiled models, made of small sections."""

from odegraph.report.model import block_sections as block_sections
from odegraph.report.model import environment_sections as environment_sections
from odegraph.report.model import model_sections as model_sections
from odegraph.report.model import scheme_sections as scheme_sections
from odegraph.report.model import write_report as write_report
from odegraph.report.page import page as page
from odegraph.report.page import write_page as write_page
from odegraph.report.sections import Code as Code
from odegraph.report.sections import Drawing as Drawing
from odegraph.report.sections import Heading as Heading
from odegraph.report.sections import Paragraph as Paragraph
from odegraph.report.sections import Picture as Picture
from odegraph.report.sections import Row as Row
from odegraph.report.sections import Section as Section
from odegraph.report.sections import Table as Table
from odegraph.report.sections import drawn as drawn
