// A memory budget shared by several holders: each takes the bytes that it keeps, and releases
// them.
//
// A budget may be part of a whole that many budgets share. A part has some bytes of its own, which
// no other part can take; only bytes beyond them are taken from the whole.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

namespace gridloom {

// Any thread.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t most) : ByteBudget(most, most, nullptr) {}
  ByteBudget(std::size_t most, std::size_t own, std::shared_ptr<ByteBudget> whole);

  // False: not enough bytes are left, here or in the whole; nothing was taken.
  [[nodiscard]] bool take(std::size_t bytes);
  void release(std::size_t bytes);
  [[nodiscard]] std::size_t taken() const;

 private:
  [[nodiscard]] std::size_t beyond_own(std::size_t taken) const {
    return taken > own_ ? taken - own_ : 0;
  }

  const std::size_t most_;
  const std::size_t own_;
  const std::shared_ptr<ByteBudget> whole_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;
};

using ByteBudgetPtr = std::shared_ptr<ByteBudget>;

// The bytes that one holder has taken from a budget, released on destruction. Without a budget,
// any number may be taken. One thread at a time.
class TakenBytes {
 public:
  explicit TakenBytes(ByteBudgetPtr budget);
  TakenBytes() = default;
  TakenBytes(TakenBytes&& other) noexcept;
  TakenBytes& operator=(TakenBytes&& other) noexcept;
  TakenBytes(const TakenBytes&) = delete;
  TakenBytes& operator=(const TakenBytes&) = delete;
  ~TakenBytes();

  [[nodiscard]] bool take(std::size_t bytes);
  // `bytes` is at most bytes().
  void release(std::size_t bytes);
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] const ByteBudgetPtr& budget() const { return budget_; }

 private:
  ByteBudgetPtr budget_;
  std::size_t bytes_ = 0;
};

}  // namespace gridloom
