// Cells of tables for spreadsheets (RFC 4180). Pure.
#pragma once

#include <string>
#include <string_view>

namespace gridloom {

// Appends a text as a cell, in quotes where it needs them. A text that a spreadsheet would run as a
// formula gets an apostrophe in front of it, which marks a text in spreadsheets. Characters that
// would control the terminal that shows the text, or reorder the text around it, are replaced.
void append_csv_cell(std::string& out, std::string_view given);

}  // namespace gridloom
