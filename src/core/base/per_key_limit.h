// Limits how many of something each key has: connections of a user name, of a peer's address. Each
// of them holds a permit for as long as it lives; destroying the permit returns it.
//
// Thread rule: any thread. Permits may outlive their PerKeyLimit.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/string_map.h"

namespace gridloom {

class PerKeyLimit {
  struct Shared {
    std::mutex mutex;
    StringMap<std::size_t> by_key;
  };

 public:
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept = default;
    Permit& operator=(Permit&& other) noexcept {
      std::swap(shared_, other.shared_);
      std::swap(key_, other.key_);
      return *this;
    }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit();

    // False: an empty permit.
    explicit operator bool() const { return shared_ != nullptr; }

   private:
    friend class PerKeyLimit;
    Permit(std::shared_ptr<Shared> shared, std::string key)
        : shared_(std::move(shared)), key_(std::move(key)) {}

    std::shared_ptr<Shared> shared_;  // null: an empty permit
    std::string key_;
  };

  // Nothing: the key has `most` permits already.
  [[nodiscard]] std::optional<Permit> take(std::string_view key, std::size_t most);

 private:
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace gridloom
