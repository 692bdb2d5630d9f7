// All shipped families with entities as a real device of each has them, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bridges/home_assistant/entities.h"
#include "catalog/family.h"
#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::bridges::home_assistant {

// The quotas that the family's file does not name as such: those of the modules of its virtual
// device, and for a family without a file some of each kind.
inline std::vector<FurtherQuota> further_of(const catalog::Family& family) {
  std::vector<FurtherQuota> further;
  for (const auto& [name, field] : family.slot_names()) {
    if (is_further(family, name)) further.push_back({.name = name});
  }
  if (family.passthrough) {
    further = {{.name = "a.number", .text = "12.5"}, {.name = "a.flag", .text = "true"},
               {.name = "a.list", .text = "[1,2]"},  {.name = "a.text", .text = "\"on\""},
               {.name = "a_number", .text = "3"},    {.name = "a.none", .text = "null"},
               {.name = "Größe in %", .text = "50"}, {.name = "x", .text = "{\"y\":1}"}};
  }
  return further;
}

// With the German texts too.
inline const catalog::Catalog& all_families() {
  const auto& catalog = translated_catalog();
  return *catalog;
}

inline EntitiesPtr entities_in(const catalog::FamilyPtr& family, catalog::Language language) {
  return entities_of({.english = family,
                      .shown = all_families().in_language(family, language),
                      .has_controls = true},
                     further_of(*family));
}

}  // namespace gridloom::bridges::home_assistant
