// The devices of a load, and texts in which a device is filled in.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::bench {

struct LoadDevice {
  std::string sn;
  std::string key;
};
// One "SN KEY" per line; the key may be missing. kIo, kBadParams.
[[nodiscard]] Result<std::vector<LoadDevice>> devices_from(const std::filesystem::path& file);

// `text` with {sn} and {key} filled in.
[[nodiscard]] std::string filled_in(std::string_view text, const LoadDevice& device);

}  // namespace gridloom::bench
