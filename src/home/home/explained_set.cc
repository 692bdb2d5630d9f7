#include "home/explained_set.h"

#include <utility>

#include "catalog/effects.h"

namespace gridloom::home {
namespace {

std::vector<ShownField> fields_of(const catalog::CheckedSet& set) {
  std::vector<ShownField> fields;
  for (catalog::FieldEffect& effect : catalog::effects_of(*set.command, set.params)) {
    fields.push_back({.name = std::move(effect.field),
                      .path = std::move(effect.path),
                      .asked = std::move(effect.value),
                      .within = effect.within});
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
  explained.fields = fields_of(*checked);
  return explained;
}

std::string ExplainedSet::refusal_in(std::string_view reply, const wire::JsonLimits& limits) const {
  const auto json = wire::parse_json(reply, limits);
  if (!json || command == nullptr) return {};
  return catalog::refusal_in(*family, *command, *json).value_or(std::string());
}

}  // namespace gridloom::home
