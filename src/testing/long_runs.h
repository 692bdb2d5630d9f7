// Whether tests take their time, as with `./test --long`.
#pragma once

#include <cstdlib>

namespace gridloom {

inline bool runs_long() {
  return std::getenv("GL_LONG") != nullptr;  // NOLINT(concurrency-mt-unsafe): nothing changes it
}

}  // namespace gridloom
