// For tests that see what another process or thread does only by looking, because nobody tells.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace gridloom {

// Looks until it holds; false after two minutes. A machine with other work takes long.
inline bool becomes(const std::function<bool()>& holds) {
  std::mutex mutex;
  std::condition_variable never;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace gridloom
