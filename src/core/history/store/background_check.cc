#include "history/store/background_check.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <stop_token>
#include <utility>

namespace gridloom::history {
namespace {

constexpr int kNice = 10;  // lower priority than requests

void work(const std::stop_token& stop, StoreFactory& stores,
          const std::function<void(std::string)>& on_damage) {
  // Applies to this thread only. If the system refuses, the check runs nevertheless.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
  auto damage = stores.verify(stop);
  if (!damage) return spdlog::warn("history.db is not verified: {}", damage.error().detail);
  if (!damage->empty()) on_damage(std::move(*damage));
}

}  // namespace

BackgroundCheck::BackgroundCheck(std::shared_ptr<StoreFactory> stores,
                                 std::function<void(std::string)> on_damage)
    : thread_([stores = std::move(stores), tell = std::move(on_damage)](
                  const std::stop_token& stop) { work(stop, *stores, tell); }) {}

}  // namespace gridloom::history
