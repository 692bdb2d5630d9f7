// The library is given a number, in the form of a pointer, for each of its callbacks. It may call
// when the target of a callback is gone, and then the number leads nowhere.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace gridloom::nats {

template <typename T>
class Closures {
 public:
  [[nodiscard]] void* add(std::weak_ptr<T> target) {
    const std::unique_lock lock(mutex_);
    targets_.emplace(++last_, std::move(target));
    return reinterpret_cast<void*>(last_);
  }
  void remove(void* closure) {
    const std::unique_lock lock(mutex_);
    targets_.erase(reinterpret_cast<std::uintptr_t>(closure));
  }
  [[nodiscard]] std::shared_ptr<T> find(void* closure) {
    const std::shared_lock lock(mutex_);
    const auto found = targets_.find(reinterpret_cast<std::uintptr_t>(closure));
    return found == targets_.end() ? nullptr : found->second.lock();
  }

 private:
  std::shared_mutex mutex_;
  std::uintptr_t last_ = 0;
  std::map<std::uintptr_t, std::weak_ptr<T>> targets_;
};

}  // namespace gridloom::nats
