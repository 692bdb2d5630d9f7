#include "twin/layout.h"

#include <utility>

#include "wire/json.h"

namespace gridloom::twin {

Layout::Layout(catalog::FamilyPtr of) : family(std::move(of)) {
  for (const catalog::Field& field : family->fields) {
    if (field.name.contains('*')) continue;
    index.emplace(field.name, names.size());
    names.push_back(field.name);
  }
  for (const catalog::Report& report : family->reports) {
    Envelope envelope{.match = {}, .prefix = report.prefix};
    for (const auto& [member, value] : report.match) {
      envelope.match.emplace_back(member, wire::to_text(value));
    }
    envelopes.push_back(std::move(envelope));
  }
}

}  // namespace gridloom::twin
