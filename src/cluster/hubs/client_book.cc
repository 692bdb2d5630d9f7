#include "hubs/client_book.h"

namespace gridloom::hub {

std::uint64_t ClientBook::number_of(const ClientPtr& client) {
  const std::lock_guard lock(mutex_);
  const auto found = by_client_.find(client.get());
  // Another client may have been at this address.
  if (found != by_client_.end() && found->second.client.lock() == client) {
    return found->second.number;
  }
  if (by_number_.size() >= purge_at_) purge();
  by_client_[client.get()] = {.number = ++last_number_, .client = client};
  by_number_.emplace(last_number_, client);
  return last_number_;
}

ClientPtr ClientBook::find(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second.lock();
}

void ClientBook::purge() {
  constexpr std::size_t kFew = 1024;
  std::erase_if(by_client_, [](const auto& each) { return each.second.client.expired(); });
  std::erase_if(by_number_, [](const auto& each) { return each.second.expired(); });
  purge_at_ = 2 * by_number_.size() + kFew;
}

}  // namespace gridloom::hub
