// A set as its device file explains it: which command it is, and which fields show it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "home/set_book.h"
#include "wire/json.h"

namespace gridloom::home {

struct ExplainedSet {
  catalog::FamilyPtr family;
  const catalog::Command* command = nullptr;  // null: the file does not know it
  std::vector<ShownField> fields{};

  // The device's objection to the set in its reply; empty: none.
  [[nodiscard]] std::string refusal_in(std::string_view reply,
                                       const wire::JsonLimits& limits) const;
};
[[nodiscard]] ExplainedSet explain_set(const catalog::Catalog& catalog, std::string_view sn,
                                       const wire::JsonObject& message);

}  // namespace gridloom::home
