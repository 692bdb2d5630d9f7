#include "twin/layout.h"

#include <algorithm>

#include "wire/json.h"

namespace gridloom::twin {

Layout::Layout(catalog::FamilyPtr of) : family(std::move(of)) {
  for (const catalog::Field& field : family->fields) {
    if (field.name.contains('*')) continue;
    index.emplace(field.name, names.size());
    names.push_back(field.name);
    const bool taken = std::ranges::any_of(
        meters, [&](const Meter& meter) { return meter.nature == field.nature; });
    if (field.nature.ends_with("power") && !taken) {
      meters.push_back({.name = field.name,
                        .nature = field.nature,
                        .scale = field.invert ? -field.scale : field.scale});
    }
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
