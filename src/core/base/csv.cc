#include "base/csv.h"

#include "base/printable.h"

namespace gridloom {

void append_csv_cell(std::string& out, std::string_view given) {
  const std::string text = printable(given, "\t\n");
  const bool is_formula = !text.empty() && std::string_view("=+-@\t\n").contains(text.front());
  if (text.find_first_of(",\"\n") == std::string::npos) {
    if (is_formula) out += '\'';
    out += text;
    return;
  }
  out += '"';
  if (is_formula) out += '\'';
  for (const char letter : text) {
    if (letter == '"') out += '"';
    out += letter;
  }
  out += '"';
}

}  // namespace gridloom
