#include "base/seats.h"

namespace gridloom {

std::optional<Seats::Seat> Seats::take(std::string_view name, std::size_t most) {
  const std::scoped_lock lock(taken_->mutex);
  const auto found = taken_->by_name.find(name);
  const std::size_t have = found == taken_->by_name.end() ? 0 : found->second;
  if (have >= most) return std::nullopt;
  if (found != taken_->by_name.end()) {
    ++found->second;
  } else {
    taken_->by_name.emplace(name, 1);
  }
  return Seat(taken_, std::string(name));
}

Seats::Seat::~Seat() {
  if (!taken_) return;
  const std::scoped_lock lock(taken_->mutex);
  const auto found = taken_->by_name.find(name_);
  if (--found->second == 0) taken_->by_name.erase(found);
}

}  // namespace gridloom
