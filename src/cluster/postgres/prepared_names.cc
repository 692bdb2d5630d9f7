#include "postgres/prepared_names.h"

#include <fmt/format.h>

namespace gridloom::postgres {

PreparedNames::Name PreparedNames::name_of(std::string_view key) {
  if (const auto found = names_.find(key); found != names_.end()) return {.text = found->second};
  const auto added = names_.emplace(key, fmt::format("s{}", next_++)).first;
  return {.text = added->second, .is_new = true};
}

void PreparedNames::forget(std::string_view name) {
  std::erase_if(names_, [name](const auto& entry) { return entry.second == name; });
}

}  // namespace gridloom::postgres
