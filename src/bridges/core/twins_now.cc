#include "bridges/core/twins_now.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <span>
#include <utility>

#include "base/immediate_loop.h"
#include "hub/platform/platform.h"

namespace gridloom::bridges {
namespace {

constexpr std::size_t kTwinsAtOnce = 32;
constexpr std::chrono::seconds kPatience{5};

using Twins = std::vector<hub::TwinSnapshot>;

// A reply may come after its patience is over.
Loop& reply_loop() {
  static ImmediateLoop loop;
  return loop;
}

}  // namespace

Result<std::vector<DeviceNow>> devices_now(const Parts& parts, registry::AccountId account) {
  const auto directory = parts.registry.directory();
  const auto& catalog = *parts.hub.platform().catalog;
  std::vector<DeviceNow> devices;
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* each : list) {
      devices.push_back(
          {.sn = each->sn, .name = each->name, .family = catalog.of_serial(each->sn)});
    }
  }
  std::ranges::sort(devices, {}, &DeviceNow::sn);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (std::span<DeviceNow> rest = devices; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kTwinsAtOnce));
    rest = rest.subspan(some.size());
    std::vector<std::string> sns;
    for (const DeviceNow& each : some) sns.push_back(each.sn);
    auto replied = std::make_shared<std::promise<Result<Twins>>>();
    auto reply = replied->get_future();
    parts.hub.read_twins(account, sns,
                         {.loop = &reply_loop(), .done = [replied](Result<Twins> twins) {
                            replied->set_value(std::move(twins));
                          }});
    if (reply.wait_until(end) != std::future_status::ready) {
      return fail(ErrorCode::kIo, "the devices' values were not read in time");
    }
    GL_TRY(auto twins, reply.get());
    for (hub::TwinSnapshot& twin : twins) {
      const auto found = std::ranges::find(some, twin.sn, &DeviceNow::sn);
      if (found != some.end()) found->twin = std::move(twin);
    }
  }
  return devices;
}

}  // namespace gridloom::bridges
