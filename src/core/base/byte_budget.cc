#include "base/byte_budget.h"

#include <utility>

namespace gridloom {

ByteBudget::ByteBudget(std::size_t most, std::size_t own, std::shared_ptr<ByteBudget> whole)
    : most_(most), own_(own), whole_(std::move(whole)) {}

bool ByteBudget::take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > most_ || taken_ > most_ - bytes) return false;
  if (whole_ && !whole_->take(beyond_own(taken_ + bytes) - beyond_own(taken_))) return false;
  taken_ += bytes;
  return true;
}

void ByteBudget::release(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (whole_) whole_->release(beyond_own(taken_) - beyond_own(taken_ - bytes));
  taken_ -= bytes;
}

std::size_t ByteBudget::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

TakenBytes::TakenBytes(ByteBudgetPtr budget) : budget_(std::move(budget)) {}

TakenBytes::TakenBytes(TakenBytes&& other) noexcept
    : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}

TakenBytes& TakenBytes::operator=(TakenBytes&& other) noexcept {
  if (this == &other) return *this;
  release(bytes_);
  budget_ = std::move(other.budget_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

TakenBytes::~TakenBytes() { release(bytes_); }

bool TakenBytes::take(std::size_t bytes) {
  if (budget_ && !budget_->take(bytes)) return false;
  bytes_ += bytes;
  return true;
}

void TakenBytes::release(std::size_t bytes) {
  if (budget_) budget_->release(bytes);
  bytes_ -= bytes;
}

}  // namespace gridloom
