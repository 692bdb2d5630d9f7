// A device family compiled for fast processing of reports: the slot of each declared quota, and the
// rules that map a report's envelope to the quota names of its body. Built once per family and
// shared by all its twins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "catalog/family.h"
#include "twin/member.h"

namespace gridloom::twin {

struct Layout {
  explicit Layout(catalog::FamilyPtr of);

  struct Envelope {
    std::vector<std::pair<std::string, std::string>> match;  // member -> its JSON text
    std::string prefix;
    // For a report about one module (catalog::Report::module): the member with the module's serial
    // number, the names of a module's fields without group and number, and the groups among them.
    std::string module;
    StringSet module_fields;
    StringSet module_groups;
  };

  // Whether, in a nested body, an object with this name is one value and not a group. The name is a
  // quota name, with or without its report's prefix.
  [[nodiscard]] bool is_value(std::string_view name) const {
    return !values.empty() && values.contains(name);
  }

  // Whether an object in a report is the only element of this quota, which is an array.
  [[nodiscard]] bool is_list(std::size_t slot) const {
    return has_lists && family->field(names[slot])->one_as_object;
  }

  // Whether the quota has a nature (catalog::Field::nature) in W.
  [[nodiscard]] bool is_power(std::size_t slot) const { return powers[slot]; }

  // Finds the report that an envelope identifies: the index of the first of `envelopes` that
  // matches, or envelopes.size() for an undeclared report.
  [[nodiscard]] std::size_t kind_of(std::span<const Member> envelope) const;

  catalog::FamilyPtr family;
  std::vector<std::string> names;  // declared quotas without '*', in the file's order
  StringMap<std::size_t> index;
  std::vector<std::uint32_t> by_name;  // slots, sorted by name
  std::vector<bool> powers;            // by slot
  std::vector<bool> errors;            // by slot: catalog::may_report_errors()
  std::vector<Envelope> envelopes;
  StringSet values;
  bool repeats = false;     // reports may name a quota twice (catalog::Report::also_flat)
  bool has_errors = false;  // of fields that may report errors; some of them may be of modules
  bool has_module_errors = false;
  bool has_lists = false;  // of fields that are catalog::Field::one_as_object
};

using LayoutPtr = std::shared_ptr<const Layout>;

}  // namespace gridloom::twin
