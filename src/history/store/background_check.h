// Verifies all of history.db in the background while the server runs. A damaged row is found by its
// checksum when it is read, but a damaged index only returns fewer rows, and the missing rows would
// go unnoticed.
//
// The size is limited because SQLite cannot move data that are written during the check out of its
// write-ahead log. Larger files are checked with `gridloom check`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace gridloom::history {

class BackgroundCheck {
 public:
  static constexpr std::uintmax_t kMaxBytes = std::uintmax_t{256} << 20U;

  // `on_damage` is called at most once, on the thread of this object, with a description of the
  // damage.
  BackgroundCheck(std::filesystem::path database, std::function<void(std::string)> on_damage);
  // Stops the check.
  ~BackgroundCheck() = default;
  BackgroundCheck(const BackgroundCheck&) = delete;
  BackgroundCheck& operator=(const BackgroundCheck&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace gridloom::history
