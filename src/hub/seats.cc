#include "hub/seats.h"

namespace gridloom::hub {

std::optional<Seats::Seat> Seats::take(std::string_view user, std::size_t most) {
  const std::scoped_lock lock(taken_->mutex);
  const auto found = taken_->by_user.find(user);
  const std::size_t have = found == taken_->by_user.end() ? 0 : found->second;
  if (have >= most) return std::nullopt;
  if (found != taken_->by_user.end()) {
    ++found->second;
  } else {
    taken_->by_user.emplace(user, 1);
  }
  return Seat(taken_, std::string(user));
}

Seats::Seat::~Seat() {
  if (!taken_) return;
  const std::scoped_lock lock(taken_->mutex);
  const auto found = taken_->by_user.find(user_);
  if (--found->second == 0) taken_->by_user.erase(found);
}

}  // namespace gridloom::hub
