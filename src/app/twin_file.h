// What the twins knew when the server stopped, so that a device that is away still has its last
// values after a restart: DATA/twins, made by a stop and removed by the start that reads it.
//
// A line a device: serial number, the registry's number of it, Twin::save(); above them a line that
// names the format. A server that was killed leaves none; devices report everything when they
// connect.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "hub/shard.h"

namespace gridloom::app {

[[nodiscard]] Status write_twins(const std::filesystem::path& data,
                                 const std::vector<hub::SavedTwin>& twins);
// Empty if there is no file. Lines that cannot be read are left out, and reported in the log.
[[nodiscard]] std::vector<hub::SavedTwin> take_twins(const std::filesystem::path& data);

}  // namespace gridloom::app
