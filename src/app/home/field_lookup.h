// Finds the field, command or parameter that a person names. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "catalog/readable_values.h"

namespace gridloom::app {

// The quotas among `names` that `text` means: a name; a name the documents use for another
// (Family::aliases); "pd.*"; a nature, as "battery.soc" or "soc"; or the last part of only one
// name, as "cfgChgWatts". kNotFound: none; the detail has the nearest names. kConflict: several
// have that last part.
[[nodiscard]] Result<std::vector<std::string>> find_quotas(const catalog::Family& family,
                                                           std::span<const std::string> names,
                                                           std::string_view text);

// The names by which a server's history is asked for what `text` means, of a device that reports
// the names `reported` now. A pattern "pd.*" is the server's to match, and a declared field may
// have a past although it is not reported now. Errors as above.
[[nodiscard]] Result<std::vector<std::string>> history_names(const catalog::Family& family,
                                                             std::span<const std::string> reported,
                                                             std::string_view text);

// The same as find_quotas() for one declared field; '*' stands for the modules. Errors as above.
[[nodiscard]] Result<const catalog::Field*> find_field(const catalog::Family& family,
                                                       std::string_view text);

// A declared member inside of a field's value.
struct MemberPlace {
  const catalog::Field* outer = nullptr;
  const catalog::Field* member = nullptr;
  std::string path;  // as of catalog::field_inside()
};
// The member that `text` means: "heartbeat.loads[1].sta", the same without the element, or its name
// where only one member has it. Errors as above.
[[nodiscard]] Result<MemberPlace> find_member(const catalog::Family& family, std::string_view text);

// Every name of the family's fields, with '*' for modules.
[[nodiscard]] std::vector<std::string> field_names(const catalog::Family& family);

}  // namespace gridloom::app
