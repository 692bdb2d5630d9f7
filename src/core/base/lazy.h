// A value that most owners never need: it is made at its first use, and costs a pointer before.
// A copy of a Lazy has a copy of the value.
//
// Thread rule: as for the value itself.
#pragma once

#include <memory>

namespace gridloom {

template <typename T>
class Lazy {
 public:
  Lazy() = default;
  ~Lazy() = default;
  Lazy(const Lazy& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Lazy(Lazy&& other) noexcept = default;
  Lazy& operator=(const Lazy& other) {
    if (this != &other) *this = Lazy(other);
    return *this;
  }
  Lazy& operator=(Lazy&& other) noexcept = default;

  // The value, or nullptr if it was not needed yet.
  [[nodiscard]] T* get() { return value_.get(); }
  [[nodiscard]] const T* get() const { return value_.get(); }
  // The value, which is made if there is none.
  [[nodiscard]] T& make() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace gridloom
