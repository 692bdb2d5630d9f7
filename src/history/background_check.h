// Reads all of history.db while the server works already. A row has a checksum, which tells when it
// is read; a damaged index only finds fewer rows, so that nobody knows of those that it leaves out.
//
// Why not for any size: SQLite cannot move what is written meanwhile out of its write-ahead log.
// Larger files are for `gridloom check`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace gridloom::history {

class BackgroundCheck {
 public:
  static constexpr std::uintmax_t kMostBytes = std::uintmax_t{256} << 20U;

  // `on_damage` is called on a thread of this, at most once; it says what is wrong.
  BackgroundCheck(std::filesystem::path database, std::function<void(std::string)> on_damage);
  // Ends the reading.
  ~BackgroundCheck() = default;
  BackgroundCheck(const BackgroundCheck&) = delete;
  BackgroundCheck& operator=(const BackgroundCheck&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace gridloom::history
