#include "bench/devices.h"

#include <fmt/format.h>

#include <cstddef>
#include <sstream>
#include <utility>

#include "base/read_file.h"

namespace gridloom::bench {
namespace {

constexpr std::size_t kMaxDevices = std::size_t{256} * 1024 * 1024;  // bytes of a file

}  // namespace

Result<std::vector<LoadDevice>> devices_from(const std::filesystem::path& file) {
  GL_TRY(auto text, read_text(file, kMaxDevices));
  std::istringstream in(std::move(text));
  std::vector<LoadDevice> devices;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    LoadDevice device;
    std::string rest;
    words >> device.sn >> device.key >> rest;
    if (device.sn.empty() && line.empty()) continue;
    if (device.sn.empty() || !rest.empty()) {
      return fail(ErrorCode::kBadParams, fmt::format("{}: line {} is not a serial number and a key",
                                                     file.string(), devices.size() + 1));
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

std::string filled_in(std::string_view text, const LoadDevice& device) {
  std::string out;
  while (!text.empty()) {
    const bool sn = text.starts_with("{sn}");
    if (sn || text.starts_with("{key}")) {
      out += sn ? device.sn : device.key;
      text.remove_prefix(text.find('}') + 1);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace gridloom::bench
