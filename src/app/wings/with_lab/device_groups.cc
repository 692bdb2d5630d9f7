#include "with_lab/device_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <ranges>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/nearest.h"
#include "catalog/home.h"
#include "catalog/physics.h"
#include "catalog/site_meter.h"
#include "history/energy/device_role.h"
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
  GL_TRY(const auto groups, parse_groups(text));
  Groups found;
  for (const auto& [id, devices] : groups) {
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
    GL_TRY(sim::check_model(*family));
    found.emplace_back(*family, devices);
  }
  return found;
}

namespace {

using history::Role;

// A house of a demo without a home file.
struct House {
  catalog::Site site;
  std::vector<std::size_t> members;  // of site.devices
};

bool is_meter(const catalog::Family& family) { return catalog::measures_only(family); }

void enter(House& house, const sim::Member& member, std::size_t index, Role role) {
  catalog::SiteDevice device{.family = member.family, .sn = member.sn, .name = member.sn};
  // A circuit behind each, as far as there are some: the first ones are the busy ones.
  const std::size_t circuit = house.site.devices.size() - 1;
  switch (role) {
    case Role::kMeter:
      device.plug = catalog::Plug::kMeter;
      break;
    case Role::kFeeder:
      device.plug = catalog::Plug::kFeedIn;
      break;
    default:
      device.circuit = circuit % catalog::kHomeCircuits.size();
  }
  const bool supplies = role != Role::kMeter && circuit < catalog::kHomeCircuits.size();
  if (supplies) device.supplies = 1U << circuit;
  house.site.devices.push_back(std::move(device));
  house.members.push_back(index);
}

std::vector<House> houses_of(const std::vector<sim::Member>& members) {
  std::map<const catalog::Family*, Role> roles;
  const auto role_of = [&](const catalog::FamilyPtr& family) {
    const auto [role, is_new] = roles.try_emplace(family.get());
    if (is_new) role->second = history::role_of(*family);
    return role->second;
  };
  std::vector<House> houses;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const catalog::FamilyPtr& family = members[i].family;
    if (role_of(family) != Role::kMeter || is_meter(*family)) continue;
    houses.push_back({.site = {.name = fmt::format("house {}", houses.size() + 1),
                               .household = catalog::Household{.people = 3}},
                      .members = {}});
    enter(houses.back(), members[i], i, Role::kMeter);
  }
  if (houses.empty()) return houses;
  std::size_t next = 0;
  std::size_t metered = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Role role = role_of(members[i].family);
    const bool is_own = role == Role::kMeter && !is_meter(*members[i].family);
    if (is_own || role == Role::kPanel) continue;
    if (role != Role::kMeter) {
      enter(houses[next++ % houses.size()], members[i], i, role);
    } else if (metered < houses.size()) {
      enter(houses[metered++], members[i], i, role);
    }
  }
  return houses;
}

}  // namespace

std::vector<sim::SiteOptions> share_houses(std::vector<sim::Member>& members,
                                           const sim::World::Options& world) {
  std::vector<sim::SiteOptions> sites;
  for (const House& house : houses_of(members)) {
    if (house.members.size() < 2) continue;
    for (std::size_t k = 0; k < house.members.size(); ++k) {
      sim::Member& member = members[house.members[k]];
      member.site = sites.size();
      member.plug = house.site.devices[k].plug;
      member.setup = sim::setup_of(house.site, house.site.devices[k]);
    }
    sim::SiteOptions options = sim::options_of(house.site);
    options.world = world;
    options.household->chance = Chance(world.seed).split("household").split(house.site.name);
    sites.push_back(std::move(options));
  }
  return sites;
}

}  // namespace gridloom::app
