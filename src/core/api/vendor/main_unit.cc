#include "api/vendor/main_unit.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/loader.h"
#include "hub/feed/twin_snapshot.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

struct Search {
  struct Unit {
    std::string sn;
    std::string group;  // JSON
    bool is_main = false;
  };
  std::vector<Unit> units;  // the first is the one whose main unit is wanted
  std::unordered_map<std::string_view, std::size_t> places;
  hub::ReplyTo<std::string> reply_to;

  [[nodiscard]] const std::string& main_sn() const {
    const Unit& asked = units.front();
    if (asked.is_main || asked.group.empty() || asked.group == "0") return asked.sn;
    const auto main = std::ranges::find_if(
        units, [&](const Unit& unit) { return unit.is_main && unit.group == asked.group; });
    return main == units.end() ? asked.sn : main->sn;
  }
};

}  // namespace

void find_main_unit(hub::Hub& hub, registry::AccountId account, const std::string& sn,
                    hub::ReplyTo<std::string> reply_to) {
  const hub::Platform& platform = hub.platform();
  const catalog::FamilyPtr family = platform.catalog->of_serial(sn);
  if (!family->system) return answer(std::move(reply_to), Result<std::string>(sn));
  const auto search = std::make_shared<Search>();
  search->reply_to = std::move(reply_to);
  search->units.push_back({.sn = sn, .group = {}});
  const auto directory = platform.registry.directory();
  for (const auto& devices : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* device : devices) {
      if (device->sn == sn || platform.catalog->of_serial(device->sn) != family) continue;
      search->units.push_back({.sn = device->sn, .group = {}});
    }
  }
  std::vector<std::string> sns;
  for (std::size_t k = 0; k < search->units.size(); ++k) {
    sns.push_back(search->units[k].sn);
    search->places.emplace(search->units[k].sn, k);
  }
  hub.read_twins(account, sns,
                 {.loop = search->reply_to.loop,
                  .done = [search, family](const Result<std::vector<hub::TwinSnapshot>>& twins) {
                    const catalog::UnitSystem& system = *family->system;
                    const std::string main = wire::to_text(wire::Json(system.main));
                    for (const hub::TwinSnapshot& twin : *twins) {
                      Search::Unit& unit = search->units[search->places.at(twin.sn)];
                      twin.values.for_each([&](std::size_t slot, std::string_view text) {
                        const std::string& name = twin.name_of(slot);
                        if (name == system.group) unit.group = text;
                        if (name == system.role) unit.is_main = text == main;
                      });
                    }
                    search->reply_to.done(search->main_sn());
                  }});
}

}  // namespace gridloom::api
