#include "hub/clients/account_flow.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "hub/clients/client.h"

namespace gridloom::hub {
namespace {

// Clients that are resumed at once; each of them then resumes another one. If all clients of a
// large account resumed in one turn of their loops, they would hold up all others there.
constexpr std::size_t kGoOnTogether = 8;
constexpr Millis kDay = std::chrono::hours(24);

}  // namespace

void AccountFlow::consume_credit(std::size_t bytes) {
  const std::size_t before = charged_bytes_.fetch_sub(bytes);
  if (before >= limits_.credit_bytes && before - bytes < limits_.credit_bytes) {
    resume_clients(kGoOnTogether);
  }
}

bool AccountFlow::holds_back(const std::shared_ptr<Client>& client) {
  if (!is_throttled()) return false;
  const std::scoped_lock lock(mutex_);
  // consume_credit() may have found no client to resume meanwhile.
  if (!is_throttled()) return false;
  if (client->wait_for_account()) held_back_.push_back(client);
  return true;
}

void AccountFlow::resume_clients(std::size_t clients) {
  std::vector<std::shared_ptr<Client>> told;
  {
    const std::scoped_lock lock(mutex_);
    while (told.size() < clients && !held_back_.empty()) {
      if (auto client = held_back_.front().lock()) {
        client->stop_waiting();
        told.push_back(std::move(client));
      }
      held_back_.pop_front();
    }
  }
  for (const std::shared_ptr<Client>& client : told) {
    client->loop().post([client, self = shared_from_this()] {
      client->resume_reading();
      // If the account is throttled again, the consume_credit() call that ends the throttling
      // resumes the others.
      if (!self->is_throttled()) self->resume_clients(1);
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
  // A refund of less than a byte is postponed to a later call.
  const auto came_back = static_cast<std::int64_t>(static_cast<double>(a_day) * day_part);
  if (came_back > 0 || passed < Millis(0) || !came_back_) {
    came_back_ = now;
    const std::int64_t written = written_bytes_.load(std::memory_order_relaxed);
    written_bytes_.fetch_sub(std::min(written, came_back), std::memory_order_relaxed);
  }
  return written_bytes_.load(std::memory_order_relaxed) >= a_day;
}

}  // namespace gridloom::hub
