// A family, compiled for the path of a report: where each declared quota sits, and how a message's
// envelope tells which quota names its body means. Made once a family, shared by all its twins.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "catalog/family.h"

namespace gridloom::twin {

struct Layout {
  explicit Layout(catalog::FamilyPtr of);

  struct Envelope {
    std::vector<std::pair<std::string, std::string>> match;  // member -> its JSON text
    std::string prefix;
  };

  catalog::FamilyPtr family;
  std::vector<std::string> names;  // declared quotas without '*', in the file's order
  StringMap<std::size_t> index;
  std::vector<Envelope> envelopes;
};

using LayoutPtr = std::shared_ptr<const Layout>;

}  // namespace gridloom::twin
