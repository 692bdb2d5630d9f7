#include "base/per_key_limit.h"

namespace gridloom {

std::optional<PerKeyLimit::Permit> PerKeyLimit::take(std::string_view key, std::size_t most) {
  const std::scoped_lock lock(shared_->mutex);
  const auto found = shared_->by_key.find(key);
  const std::size_t have = found == shared_->by_key.end() ? 0 : found->second;
  if (have >= most) return std::nullopt;
  if (found != shared_->by_key.end()) {
    ++found->second;
  } else {
    shared_->by_key.emplace(key, 1);
  }
  return Permit(shared_, std::string(key));
}

PerKeyLimit::Permit::~Permit() {
  if (!shared_) return;
  const std::scoped_lock lock(shared_->mutex);
  const auto found = shared_->by_key.find(key_);
  if (--found->second == 0) shared_->by_key.erase(found);
}

}  // namespace gridloom
