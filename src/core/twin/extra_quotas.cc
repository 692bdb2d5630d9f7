#include "twin/extra_quotas.h"

#include <algorithm>

namespace gridloom::twin {

std::optional<std::size_t> ExtraQuotas::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

bool ExtraQuotas::is_at(std::size_t index, std::string_view prefix, std::string_view name) const {
  if (index >= quotas_.size()) return false;
  const std::string_view its = quotas_[index].name;
  return its.size() == prefix.size() + name.size() && its.ends_with(name) &&
         its.starts_with(prefix);
}

ExtraQuotas::PutOutcome ExtraQuotas::set(std::size_t index, std::string_view text,
                                         const TwinLimits& limits) {
  Quota& quota = quotas_[index];
  if (quota.text == text) return PutOutcome::kSame;
  if (bytes_ + text.size() > limits.extra_bytes + quota.text.size()) return PutOutcome::kRefused;
  bytes_ += text.size() - quota.text.size();
  quota.text.assign(text);
  return PutOutcome::kChanged;
}

ExtraQuotas::PutOutcome ExtraQuotas::add(std::string_view name, std::string_view text,
                                         const TwinLimits& limits) {
  const std::size_t bytes = name.size() + text.size();
  if (quotas_.size() >= limits.extra_quotas || bytes_ + bytes > limits.extra_bytes) {
    return PutOutcome::kRefused;
  }
  bytes_ += bytes;
  index_.emplace(name, quotas_.size());
  quotas_.push_back({.name = std::string(name), .text = std::string(text)});
  return PutOutcome::kChanged;
}

std::span<const std::size_t> ExtraQuotas::beginning_with(std::string_view head) const {
  return names_beginning_with(std::span(by_name_), head,
                              [this](std::size_t i) -> std::string_view { return at(i).name; });
}

void ExtraQuotas::sort() {
  if (by_name_.size() == quotas_.size()) return;
  by_name_.clear();
  for (std::size_t i = 0; i < quotas_.size(); ++i) by_name_.push_back(i);
  std::ranges::sort(by_name_, {},
                    [this](std::size_t i) -> const std::string& { return quotas_[i].name; });
}

std::size_t ExtraQuotas::kept_bytes() const {
  std::size_t bytes = sizeof(*this) + quotas_.capacity() * sizeof(Quota) +
                      by_name_.capacity() * sizeof(std::size_t) +
                      index_.bucket_count() * sizeof(void*);
  for (const Quota& quota : quotas_) {
    bytes += quota.name.capacity() + quota.text.capacity();
    bytes += sizeof(*index_.begin()) + 2 * sizeof(void*) + quota.name.capacity();
  }
  return bytes;
}

}  // namespace gridloom::twin
