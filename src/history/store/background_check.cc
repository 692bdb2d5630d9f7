#include "history/store/background_check.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <stop_token>
#include <system_error>
#include <utility>

#include "storage/sqlite.h"

namespace gridloom::history {
namespace {

constexpr int kNice = 10;  // lower priority than requests

void work(const std::stop_token& stop, const std::filesystem::path& path,
          const std::function<void(std::string)>& on_damage) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > BackgroundCheck::kMaxBytes || error) return;
  // Applies to this thread only. If the system refuses, the check runs nevertheless.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
  auto database = storage::Database::open_to_read(path, storage::Database::Writers::kMaybe);
  if (!database) return spdlog::warn("history.db is not verified: {}", database.error().detail);
  const auto found = database->integrity(stop);
  if (stop.stop_requested()) return;
  const std::string name = path.filename().string();
  if (found && !found->empty()) {
    on_damage(fmt::format(
        "{} is damaged, and stored data may be missing in answers: {}{}", name, found->front(),
        found->size() == 1 ? std::string() : fmt::format("; and {} more", found->size() - 1)));
  } else if (!found && found.error().code == ErrorCode::kDamaged) {
    on_damage(fmt::format("{} is damaged: a page of it cannot be read", name));
  } else if (!found) {
    spdlog::warn("history.db is not verified: {}", found.error().detail);
  }
}

}  // namespace

BackgroundCheck::BackgroundCheck(std::filesystem::path database,
                                 std::function<void(std::string)> on_damage)
    : thread_([path = std::move(database), tell = std::move(on_damage)](
                  const std::stop_token& stop) { work(stop, path, tell); }) {}

}  // namespace gridloom::history
