#include "home/explained_set.h"

#include <algorithm>
#include <utility>

#include "catalog/effects.h"

namespace gridloom::home {
namespace {

// The fields that show the set as a whole: not those of modules, which a device may have or not.
std::vector<ShownField> fields_of(const catalog::Family& family, const catalog::CheckedSet& set) {
  std::vector<ShownField> fields;
  for (catalog::FieldEffect& effect : catalog::effects_of(*set.command, set.params)) {
    const catalog::Field* field = family.field(effect.field);
    const bool is_plain = field != nullptr && !effect.field.contains('*') &&
                          field->type != catalog::FieldType::kArray &&
                          field->type != catalog::FieldType::kObject;
    if (!is_plain) continue;
    const auto known = std::ranges::find(fields, effect.field, &ShownField::name);
    if (known != fields.end()) {
      known->asked = std::move(effect.value);
      known->within = effect.within;
    } else {
      fields.push_back({.name = std::move(effect.field),
                        .asked = std::move(effect.value),
                        .within = effect.within});
    }
  }
  return fields;
}

}  // namespace

ExplainedSet explain_set(const catalog::Catalog& catalog, std::string_view sn,
                         const wire::JsonObject& message) {
  ExplainedSet explained{.family = catalog.of_serial(sn)};
  const auto checked = catalog::check_set(*explained.family, message);
  if (!checked || checked->command == nullptr) return explained;
  explained.command = checked->command;
  explained.fields = fields_of(*explained.family, *checked);
  return explained;
}

std::string ExplainedSet::refusal_in(std::string_view reply, const wire::JsonLimits& limits) const {
  const auto json = wire::parse_json(reply, limits);
  if (!json || command == nullptr) return {};
  return catalog::refusal_in(*family, *command, *json).value_or(std::string());
}

}  // namespace gridloom::home
