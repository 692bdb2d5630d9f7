// How many of a thing each name has: connections of a user name, of a peer's address. Whatever it
// is holds a seat for as long as it lives, and gives it back by going away.
//
// Thread rule: any thread. Seats may outlive the Seats that they are of.
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

class Seats {
  struct Taken {
    std::mutex mutex;
    StringMap<std::size_t> by_name;
  };

 public:
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&& other) noexcept = default;
    Seat& operator=(Seat&& other) noexcept {
      std::swap(taken_, other.taken_);
      std::swap(name_, other.name_);
      return *this;
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat();

    // False: it is of nobody.
    explicit operator bool() const { return taken_ != nullptr; }

   private:
    friend class Seats;
    Seat(std::shared_ptr<Taken> taken, std::string name)
        : taken_(std::move(taken)), name_(std::move(name)) {}

    std::shared_ptr<Taken> taken_;  // null: of nobody
    std::string name_;
  };

  // Nothing: the name has `most` already.
  [[nodiscard]] std::optional<Seat> take(std::string_view name, std::size_t most);

 private:
  std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
};

}  // namespace gridloom
