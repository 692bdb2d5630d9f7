#include "hub/account_flow.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "hub/client.h"

namespace gridloom::hub {
namespace {

// Those that are told to go on at once; each of them tells another one. A crowd that goes on in one
// turn of its loops would hold up everybody else there.
constexpr std::size_t kGoOnTogether = 8;
constexpr Millis kDay = std::chrono::hours(24);

}  // namespace

void AccountFlow::looked_at(std::size_t bytes) {
  const std::size_t before = ahead_bytes_.fetch_sub(bytes);
  if (before >= limits_.ahead_bytes && before - bytes < limits_.ahead_bytes) {
    let_go_on(kGoOnTogether);
  }
}

bool AccountFlow::holds_back(const std::shared_ptr<Client>& client) {
  if (!is_ahead()) return false;
  const std::scoped_lock lock(mutex_);
  // looked_at() may have found nobody to tell meanwhile.
  if (!is_ahead()) return false;
  if (client->wait_for_account()) held_back_.push_back(client);
  return true;
}

void AccountFlow::let_go_on(std::size_t clients) {
  std::vector<std::shared_ptr<Client>> told;
  {
    const std::scoped_lock lock(mutex_);
    while (told.size() < clients && !held_back_.empty()) {
      if (auto client = held_back_.front().lock()) {
        client->waits_no_longer();
        told.push_back(std::move(client));
      }
      held_back_.pop_front();
    }
  }
  for (const std::shared_ptr<Client>& client : told) {
    client->loop().post([client, self = shared_from_this()] {
      client->go_on();
      // Else who is looked at last tells the others.
      if (!self->is_ahead()) self->let_go_on(1);
    });
  }
}

bool AccountFlow::wrote_too_much(TimePoint now) {
  if (limits_.written_bytes_a_day == 0) return false;
  const auto a_day = static_cast<std::int64_t>(limits_.written_bytes_a_day);
  const std::scoped_lock lock(mutex_);
  const Millis passed = now - came_back_.value_or(now);
  const auto day_part = static_cast<double>(std::clamp(passed, Millis(0), kDay).count()) /
                        static_cast<double>(kDay.count());
  // Less than a byte's worth waits for the next time.
  const auto came_back = static_cast<std::int64_t>(static_cast<double>(a_day) * day_part);
  if (came_back > 0 || passed < Millis(0) || !came_back_) {
    came_back_ = now;
    const std::int64_t written = written_bytes_.load(std::memory_order_relaxed);
    written_bytes_.fetch_sub(std::min(written, came_back), std::memory_order_relaxed);
  }
  return written_bytes_.load(std::memory_order_relaxed) >= a_day;
}

}  // namespace gridloom::hub
