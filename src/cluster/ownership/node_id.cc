#include "ownership/node_id.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/ascii.h"

namespace gridloom::cluster {
namespace {

bool may_stand_in_name(char letter) {
  const char small = lower(letter);
  return (small >= 'a' && small <= 'z') || is_digit(letter) || letter == '-' || letter == '_';
}

}  // namespace

std::string text_of(const NodeId& id) {
  return fmt::format("{} (incarnation {:x})", id.name, id.incarnation);
}

std::int64_t random_incarnation() {
  std::uint64_t bits = 0;
  ::randombytes_buf(&bits, sizeof(bits));
  return static_cast<std::int64_t>(bits >> 1U | 1U);
}

Status check_node_name(std::string_view name) {
  if (!name.empty() && name.size() <= kLongestNodeName &&
      std::ranges::all_of(name, may_stand_in_name)) {
    return {};
  }
  return fail(
      ErrorCode::kBadParams,
      fmt::format("the name of a node is 1 to {} letters, digits, '-' and '_'", kLongestNodeName));
}

}  // namespace gridloom::cluster
