#include "overview/fault_words.h"

#include "catalog/readable_values.h"
#include "overview/overview.h"

namespace gridloom::overview {

using catalog::title_of;

FaultWords fault_words(const catalog::Family& family, std::string_view field,
                       const std::optional<wire::Json>& value) {
  const catalog::Field* const declared = family.field(field);
  FaultWords words;
  if (declared != nullptr) words.severity = declared->severity;
  words.title = declared == nullptr ? std::string(field) : title_of(*declared);
  if (!value) return words;
  const Overview said = overview_of(family, {{.name = std::string(field), .value = *value}});
  if (said.errors.size() == 1) words.title = said.errors.front().title;
  for (const ActiveError& each : said.errors) {
    if (!words.text.empty()) words.text += ", ";
    words.text += said.errors.size() == 1 ? each.meaning : each.text;
  }
  return words;
}

}  // namespace gridloom::overview
