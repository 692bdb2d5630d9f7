#include "app/home/home.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>

#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/natures.h"

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

std::string list_of(const std::vector<ShownDevice>& devices) {
  std::vector<std::string> rows;
  for (const ShownDevice& device : devices) {
    if (rows.size() == kShown) {
      rows.push_back(fmt::format("and {} more", devices.size() - kShown));
      break;
    }
    rows.push_back(fmt::format("{} ({})", printable(device.sn), printable(device.name)));
  }
  return fmt::format("{}", fmt::join(rows, ", "));
}

// The words of a name, and the whole of it.
std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words{name};
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find(' ', begin), name.size());
    if (end > begin) words.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// "; did you mean Kitchen power station (R331...)?"; empty: no device has a similar name.
std::string nearest_devices(const std::vector<ShownDevice>& devices, std::string_view text) {
  std::vector<std::string_view> names;
  for (const ShownDevice& device : devices) {
    names.emplace_back(device.sn);
    std::ranges::copy(words_of(device.name), std::back_inserter(names));
  }
  std::vector<std::string> found;
  for (const std::string_view near : nearest(text, names)) {
    for (const ShownDevice& device : devices) {
      const auto words = words_of(device.name);
      const bool is_near = device.sn == near || std::ranges::find(words, near) != words.end();
      std::string shown = device_text(device);
      const bool is_there = std::ranges::find(found, shown) != found.end();
      if (is_near && !is_there && found.size() < kMaxNearest) found.push_back(std::move(shown));
    }
  }
  if (found.empty()) return {};
  return fmt::format("; did you mean {}?", joined_or({found.begin(), found.end()}));
}

}  // namespace

std::string meter_of(HomeConnection& home, const std::string& sn, const catalog::Family& family) {
  const catalog::Field* const field = catalog::meter_field(family);
  return field == nullptr ? std::string() : home.meter(sn, field->name).value_or(std::string());
}

Result<ShownDevice> find_device(const std::vector<ShownDevice>& devices, std::string_view text) {
  const auto exact = std::ranges::find(devices, text, &ShownDevice::sn);
  if (exact != devices.end()) return *exact;
  if (text.empty()) {
    return fail(ErrorCode::kNotFound, "the serial number of the device is empty");
  }
  const std::string wanted = lower(text);
  using Fits = std::function<bool(const ShownDevice&)>;
  const std::array<Fits, 3> ways = {
      [&](const ShownDevice& each) { return lower(each.name) == wanted; },
      [&](const ShownDevice& each) { return lower(each.sn).starts_with(wanted); },
      [&](const ShownDevice& each) { return lower(each.name).contains(wanted); }};
  for (const Fits& fits : ways) {
    std::vector<ShownDevice> found;
    std::ranges::copy_if(devices, std::back_inserter(found), fits);
    if (found.size() == 1) return found.front();
    if (found.empty()) continue;
    return fail(ErrorCode::kConflict,
                fmt::format("\"{}\" fits several devices: {}", printable(text), list_of(found)));
  }
  if (devices.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no device {}, nor any other", printable(text)));
  }
  const std::string meant = nearest_devices(devices, text);
  return fail(ErrorCode::kNotFound,
              meant.empty() ? fmt::format("there is no device {}; there are {}", printable(text),
                                          list_of(devices))
                            : fmt::format("there is no device {}{}", printable(text), meant));
}

std::vector<std::pair<std::string, std::string>> parameters_of(const EnergySpan& span) {
  std::vector<std::pair<std::string, std::string>> given;
  for (const auto& [name, value] : {std::pair("period", &span.period),
                                    std::pair("from", &span.from), std::pair("to", &span.to)}) {
    if (!value->empty()) given.emplace_back(name, *value);
  }
  return given;
}

bool is_whole_name(const ShownDevice& device, std::string_view text) {
  return device.sn == text || lower(device.name) == lower(text);
}

std::string device_text(const ShownDevice& device) {
  return fmt::format("{} ({})", printable(device.name), printable(device.sn));
}

}  // namespace gridloom::app
