// The texts that a signature may be of, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/signing.h"

namespace gridloom::wire {

// All that for_each_canonical() passes on.
[[nodiscard]] inline Result<std::vector<std::string>> canonical_strings(
    const SignedRequest& request, const SigningLimits& limits = {}) {
  std::vector<std::string> strings;
  GL_TRY(for_each_canonical(request, limits, [&strings](std::string_view text) {
    strings.emplace_back(text);
    return true;
  }));
  return strings;
}

}  // namespace gridloom::wire
