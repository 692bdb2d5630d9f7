#include "app/device_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/nearest.h"
#include "sim/virtual_device.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxDevices = 1'000'000;

}  // namespace

Result<std::vector<std::pair<std::string, std::size_t>>> parse_groups(std::string_view text) {
  std::vector<std::pair<std::string, std::size_t>> groups;
  std::size_t devices = 0;
  const std::string_view some = text.empty() ? "," : text;  // splitting "" would give no part
  for (const auto part : std::views::split(some, ',')) {
    const std::string_view group(part);
    const std::size_t equals = std::min(group.find('='), group.size());
    const std::string_view count = group.substr(std::min(equals + 1, group.size()));
    std::size_t number = 1;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), number);
    const bool whole = error == std::errc() && end == count.data() + count.size();
    const bool bare = equals == group.size();
    if (equals == 0 || (!bare && !whole) || number == 0 || number > kMaxDevices) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("'{}' is not FAMILY or FAMILY=COUNT, with a count from 1 to "
                              "{}",
                              group, kMaxDevices));
    }
    devices += number;
    if (devices > kMaxDevices) {
      return fail(ErrorCode::kBadParams, fmt::format("more than {} devices together", kMaxDevices));
    }
    groups.emplace_back(group.substr(0, equals), number);
  }
  return groups;
}

Result<Groups> groups_of(std::string_view text, const catalog::Catalog& catalog) {
  const auto groups = parse_groups(text);
  if (!groups) return std::unexpected(groups.error());
  Groups found;
  for (const auto& [id, devices] : *groups) {
    const auto& families = catalog.families();
    const auto family = std::ranges::find_if(
        families, [&](const catalog::FamilyPtr& each) { return each->id == id; });
    if (family == families.end()) {
      std::vector<std::string_view> ids;
      ids.reserve(families.size());
      for (const catalog::FamilyPtr& each : families) ids.emplace_back(each->id);
      return fail(ErrorCode::kBadParams, fmt::format("there is no family '{}'; there are {}{}", id,
                                                     fmt::join(ids, ", "), did_you_mean(id, ids)));
    }
    if (const Status fits = sim::check_model(*family); !fits) {
      return std::unexpected(fits.error());
    }
    found.emplace_back(*family, devices);
  }
  return found;
}

}  // namespace gridloom::app
