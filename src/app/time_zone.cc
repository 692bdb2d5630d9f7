#include "app/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemZones = "/usr/share/zoneinfo";

// NOLINTBEGIN(concurrency-mt-unsafe): before any other thread
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

void find_zone_files(const fs::path& program) {
  std::error_code ignored;
  if (!variable("TZDIR").empty() || fs::is_directory(kSystemZones, ignored)) return;
  const fs::path ours = program.parent_path().parent_path() / "share" / "zoneinfo";
  if (fs::is_directory(ours, ignored)) ::setenv("TZDIR", ours.c_str(), 1);
}
// NOLINTEND(concurrency-mt-unsafe)

std::string time_zone_warning() {
  const std::string value = variable("TZ");
  std::string_view zone = value;
  if (zone.starts_with(':')) zone.remove_prefix(1);
  // A rule such as CET-1CEST,M3.5.0,M10.5.0/3 is self-contained, and UTC needs no file.
  const bool rule = std::ranges::any_of(
      zone, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  const bool names_a_file = zone.find('/') != std::string_view::npos && !zone.starts_with('<') &&
                            zone.find(',') == std::string_view::npos;
  if (zone.empty() || zone == "UTC" || (rule && !names_a_file)) return {};
  const std::string folder = variable("TZDIR");
  const fs::path file = fs::path(folder.empty() ? kSystemZones : folder) / fs::path(zone);
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored)) return {};
  return fmt::format("TZ={}: there is no {}, so local times are UTC", value, file.string());
}

}  // namespace gridloom::app
