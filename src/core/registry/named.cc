#include "registry/named.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "base/nearest.h"
#include "registry/rules.h"

namespace gridloom::registry {
namespace {

// The end of a message about a name that nothing has; empty: there is no other name at all.
std::string all_names(std::span<const std::string_view> names) {
  constexpr std::size_t kMost = 8;
  if (names.empty()) return {};
  std::string text = fmt::format("; there {} {}", names.size() == 1 ? "is" : "are",
                                 fmt::join(names.first(std::min(names.size(), kMost)), ", "));
  if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
  return text;
}

}  // namespace

std::unexpected<Error> not_found(const MissingName& missing) {
  const std::string meant = did_you_mean(missing.name, missing.names);
  return fail(ErrorCode::kNotFound, fmt::format("there is no {} '{}'{}", missing.kind, missing.name,
                                                meant.empty() ? all_names(missing.names) : meant));
}

Result<const Account*> account_named(const Directory& present, std::string_view name) {
  GL_TRY(check_name(name, kAnAccountName));
  if (const Account* account = present.find_account_by_name(name)) return account;
  MissingName missing{.kind = "account", .name = name, .names = {}};
  for (const Account* each : present.accounts()) missing.names.emplace_back(each->name);
  return not_found(missing);
}

}  // namespace gridloom::registry
