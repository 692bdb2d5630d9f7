// How many connections each user name has: an account's certificate, a gateway or a device. A
// connection holds a seat for as long as it lives, and gives it back by going away.
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

namespace gridloom::hub {

class Seats {
  struct Taken {
    std::mutex mutex;
    StringMap<std::size_t> by_user;
  };

 public:
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&& other) noexcept = default;
    Seat& operator=(Seat&& other) noexcept {
      std::swap(taken_, other.taken_);
      std::swap(user_, other.user_);
      return *this;
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat();

   private:
    friend class Seats;
    Seat(std::shared_ptr<Taken> taken, std::string user)
        : taken_(std::move(taken)), user_(std::move(user)) {}

    std::shared_ptr<Taken> taken_;  // null: of nobody
    std::string user_;
  };

  // Nothing: the user has `most` already.
  [[nodiscard]] std::optional<Seat> take(std::string_view user, std::size_t most);

 private:
  std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
};

}  // namespace gridloom::hub
