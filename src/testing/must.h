// The value of a successful result. Throws on an error, so that a test whose setup fails stops
// there.
#pragma once

#include <stdexcept>
#include <utility>

#include "base/result.h"

namespace gridloom {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}
inline void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().detail);
}

}  // namespace gridloom
