#include "base/failure_budget.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace gridloom {
namespace {

constexpr auto kRemembered = std::chrono::hours(24);
constexpr double kMinuteMs = 60'000;

std::string pair_of(std::string_view group, std::string_view name) {
  std::string pair;
  pair.reserve(group.size() + 1 + name.size());
  pair.append(group).append(1, '\n').append(name);
  return pair;
}

}  // namespace

std::string address_group(std::string_view address) {
  constexpr std::size_t kNetworkBytes = 8;
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<std::uint8_t, 16> bytes{};
  if (!address.contains(':')) return std::string(address);
  std::string text(address.substr(0, address.find('%')));
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::string(address);
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    return text.substr(text.rfind(':') + 1);
  }
  if (is_loopback(text)) return text;
  std::ranges::fill(std::next(bytes.begin(), kNetworkBytes), bytes.end(), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> out{};
  return std::string(inet_ntop(AF_INET6, bytes.data(), out.data(), out.size())) + "/64";
}

bool is_loopback(std::string_view address) {
  return address == "::1" || address.starts_with("127.");
}

void FailureBudget::fill(Bucket& bucket, TimePoint now) {
  // A clock that was set back refunds nothing, and takes nothing away.
  const auto passed_ms = static_cast<double>(std::max(Millis(0), now - bucket.filled).count());
  bucket.tokens = std::min(bucket.most, bucket.tokens + passed_ms * bucket.most / kMinuteMs);
  bucket.filled = now;
}

FailureBudget::Bucket FailureBudget::full(double most, TimePoint now) {
  return {.tokens = most, .most = most, .filled = now};
}

// Null: the group has no recent failure.
FailureBudget::Bucket* FailureBudget::find(std::string_view group, TimePoint now) {
  const auto found = failing_.find(group);
  if (found == failing_.end()) {
    if (failing_.size() < kMax || !others_) return nullptr;
    fill(*others_, now);
    return &*others_;
  }
  fill(found->second, now);
  return &found->second;
}

FailureBudget::Bucket& FailureBudget::bucket_of(std::string_view group, TimePoint now) {
  const auto found = failing_.find(group);
  if (found != failing_.end()) {
    fill(found->second, now);
    return found->second;
  }
  if (failing_.size() >= kMax) {
    // A bucket that is full again need not be kept.
    std::erase_if(failing_, [now](const auto& entry) {
      Bucket bucket = entry.second;
      fill(bucket, now);
      return bucket.tokens >= bucket.most;
    });
  }
  const double most =
      is_loopback(group) ? per_minute_ * static_cast<double>(kLoopbackTimes) : per_minute_;
  if (failing_.size() < kMax) return failing_.emplace(group, full(most, now)).first->second;
  if (!others_) others_ = full(per_minute_ * static_cast<double>(kLoopbackTimes), now);
  fill(*others_, now);
  return *others_;
}

FailureBudget::Bucket* FailureBudget::trusted_bucket(std::string_view group, std::string_view name,
                                                     TimePoint now) {
  const auto found = trusted_.find(pair_of(group, name));
  if (found == trusted_.end() || now - found->second.succeeded > kRemembered) return nullptr;
  fill(found->second.bucket, now);
  return &found->second.bucket;
}

std::optional<Millis> FailureBudget::wait(std::string_view address, std::string_view name,
                                          TimePoint now) {
  const std::string group = address_group(address);
  const std::scoped_lock lock(mutex_);
  const Bucket* failing = find(group, now);
  if (failing == nullptr || failing->tokens >= 1) return std::nullopt;
  const Bucket* known = trusted_bucket(group, name, now);
  if (known != nullptr && known->tokens >= 1) return std::nullopt;
  const auto until = [](const Bucket& bucket) { return (1 - bucket.tokens) / bucket.most; };
  const double share =
      known == nullptr ? until(*failing) : std::min(until(*failing), until(*known));
  return Millis(std::max(1L, std::lround(std::ceil(share * kMinuteMs))));
}

bool FailureBudget::knows(std::string_view address, std::string_view name, TimePoint now) {
  const std::string group = address_group(address);
  const std::scoped_lock lock(mutex_);
  return trusted_bucket(group, name, now) != nullptr;
}

void FailureBudget::failed(std::string_view address, std::string_view name, TimePoint now) {
  const std::string group = address_group(address);
  const std::scoped_lock lock(mutex_);
  Bucket& bucket = bucket_of(group, now);
  const bool spent = bucket.tokens < 1;
  bucket.tokens = std::max(0.0, bucket.tokens - 1);
  if (!spent) return;
  if (Bucket* known = trusted_bucket(group, name, now)) {
    known->tokens = std::max(0.0, known->tokens - 1);
  }
}

void FailureBudget::succeeded(std::string_view address, std::string_view name, TimePoint now) {
  const std::string group = address_group(address);
  const std::scoped_lock lock(mutex_);
  const std::string pair = pair_of(group, name);
  if (const auto found = trusted_.find(pair); found != trusted_.end()) {
    found->second.succeeded = now;
    return;
  }
  if (trusted_.size() >= kMax) {
    std::erase_if(trusted_, [now](const auto& entry) {
      return now - entry.second.succeeded > std::chrono::hours(1);
    });
  }
  if (trusted_.size() >= kMax) return;
  const double most =
      is_loopback(group) ? per_minute_ * static_cast<double>(kLoopbackTimes) : per_minute_;
  trusted_.emplace(pair, TrustedName{.bucket = full(most, now), .succeeded = now});
}

std::size_t FailureBudget::addresses() const {
  const std::scoped_lock lock(mutex_);
  return failing_.size();
}

}  // namespace gridloom
