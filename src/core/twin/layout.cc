#include "twin/layout.h"

#include <algorithm>
#include <utility>

#include "catalog/natures.h"
#include "wire/json.h"

namespace gridloom::twin {
namespace {

using catalog::Field;
using catalog::FieldType;

// Sets the names of a module's fields in the body of a module report: "amp", "appCfg.powerOn".
void name_module_fields(const catalog::Family& family, const catalog::Report& report,
                        Layout::Envelope& envelope) {
  const std::size_t behind = report.prefix.size() + 2;  // "*."
  for (const Field& field : family.fields) {
    if (!report.carries(field.name)) continue;
    const std::string_view name = std::string_view(field.name).substr(behind);
    envelope.module_fields.emplace(name);
    const std::size_t dot = name.find('.');
    if (dot != std::string_view::npos) envelope.module_groups.emplace(name.substr(0, dot));
  }
}

bool may_be_object(const Field& field) {
  return field.type == FieldType::kObject || field.type == FieldType::kAny || field.one_as_object;
}

}  // namespace

Layout::Layout(catalog::FamilyPtr of) : family(std::move(of)) {
  for (const catalog::Field& field : family->fields) {
    const bool may_report_errors = catalog::may_report_errors(field);
    has_errors = has_errors || may_report_errors;
    if (field.name.contains('*')) {
      has_module_errors = has_module_errors || may_report_errors;
      continue;
    }
    has_lists = has_lists || field.one_as_object;
    index.emplace(field.name, names.size());
    names.push_back(field.name);
    const Field* const member = catalog::member_with_nature(field);
    powers.push_back((!field.nature.empty() && field.unit == "W") || member != nullptr);
    errors.push_back(may_report_errors);
  }
  for (std::uint32_t slot = 0; slot < names.size(); ++slot) by_name.push_back(slot);
  std::ranges::sort(by_name, {},
                    [this](std::uint32_t slot) -> const std::string& { return names[slot]; });
  for (const catalog::Report& report : family->reports) {
    Envelope envelope{.match = {},
                      .prefix = report.prefix,
                      .module = report.module,
                      .module_fields = {},
                      .module_groups = {}};
    for (const auto& [member, value] : report.match) {
      envelope.match.emplace_back(member, wire::to_text(value));
    }
    if (!report.module.empty()) name_module_fields(*family, report, envelope);
    envelopes.push_back(std::move(envelope));
    repeats = repeats || report.also_flat;
    for (const Field& field : family->fields) {
      if (!may_be_object(field) || !report.carries(field.name)) continue;
      values.insert(field.name);
      values.insert(field.name.substr(report.prefix.size() + (report.module.empty() ? 0 : 2)));
    }
  }
}

std::size_t Layout::kind_of(std::span<const Member> envelope) const {
  const auto is_in_envelope = [envelope](const auto& wanted) {
    return std::ranges::any_of(envelope, [&wanted](const Member& member) {
      return member.name == wanted.first && member.text == wanted.second;
    });
  };
  const auto found = std::ranges::find_if(envelopes, [&](const Envelope& each) {
    return !each.match.empty() && std::ranges::all_of(each.match, is_in_envelope);
  });
  return static_cast<std::size_t>(found - envelopes.begin());
}

}  // namespace gridloom::twin
