#include "app/home/home.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <functional>

#include "base/printable.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kShown = 8;  // devices in an error

std::string lower(std::string_view text) {
  std::string all(text);
  for (char& c : all) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return all;
}

std::string list_of(const std::vector<HomeDevice>& devices) {
  std::vector<std::string> rows;
  for (const HomeDevice& device : devices) {
    if (rows.size() == kShown) {
      rows.push_back(fmt::format("and {} more", devices.size() - kShown));
      break;
    }
    rows.push_back(fmt::format("{} ({})", printable(device.sn), printable(device.name)));
  }
  return fmt::format("{}", fmt::join(rows, ", "));
}

}  // namespace

Result<HomeDevice> find_device(const std::vector<HomeDevice>& devices, std::string_view text) {
  const auto exact = std::ranges::find(devices, text, &HomeDevice::sn);
  if (exact != devices.end()) return *exact;
  const std::string wanted = lower(text);
  if (text.empty()) {
    return fail(ErrorCode::kNotFound, "the serial number of the device is empty");
  }
  const auto those = [&](const std::function<bool(const HomeDevice&)>& fits) {
    std::vector<HomeDevice> found;
    std::ranges::copy_if(devices, std::back_inserter(found), fits);
    return found;
  };
  auto found = those([&](const HomeDevice& each) { return lower(each.sn).starts_with(wanted); });
  if (found.empty()) {
    found = those([&](const HomeDevice& each) { return lower(each.name).contains(wanted); });
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return fail(ErrorCode::kNotFound,
                fmt::format("\"{}\" fits several devices: {}", printable(text), list_of(found)));
  }
  if (devices.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no device {}, nor any other", printable(text)));
  }
  return fail(ErrorCode::kNotFound, fmt::format("there is no device {}; there are {}",
                                                printable(text), list_of(devices)));
}

}  // namespace gridloom::app
