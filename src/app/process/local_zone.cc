#include "app/process/local_zone.h"

#include <fmt/format.h>
#include <sys/auxv.h>

#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): see local_zone()
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

fs::path program() {
  std::error_code no_proc;
  fs::path program = fs::read_symlink("/proc/self/exe", no_proc);
  if (no_proc) {
    // For a chroot without /proc: the path passed to the kernel.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast,performance-no-int-to-ptr)
    program = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  }
  return program;
}

fs::path zone_files() {
  if (const auto folder = variable("TZDIR"); folder && !folder->empty()) return *folder;
  std::error_code ignored;
  if (fs::is_directory(time::kZoneFiles, ignored)) return time::kZoneFiles;
  const fs::path ours = program().parent_path().parent_path() / "share" / "zoneinfo";
  return fs::is_directory(ours, ignored) ? ours : fs::path(time::kZoneFiles);
}

Result<time::TimeZone> find(const ZoneEnvironment& environment) {
  std::error_code ignored;
  if (!environment.tz) {
    if (!fs::exists(environment.system_zone, ignored)) return time::TimeZone();
    return time::TimeZone::read(environment.system_zone);
  }
  std::string_view name = *environment.tz;
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.empty()) return time::TimeZone();
  if (name.starts_with('/')) return time::TimeZone::read(name);
  return time::TimeZone::find(name, environment.folder);
}

// The part of a zone file's path after the folder of all zones, behind symbolic links.
std::string name_in_path(const fs::path& file) {
  std::error_code ignored;
  const std::string path = fs::canonical(file, ignored).string();
  constexpr std::string_view kFolder = "/zoneinfo/";
  const std::size_t at = path.rfind(kFolder);
  return at == std::string::npos ? std::string() : path.substr(at + kFolder.size());
}

std::string name_of(const ZoneEnvironment& environment) {
  if (!environment.tz) return name_in_path(environment.system_zone);
  std::string_view name = *environment.tz;
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.starts_with('/')) return name_in_path(name);
  // A rule such as "CET-1CEST" is no name that other programs know.
  std::error_code ignored;
  return !name.empty() && fs::exists(environment.folder / name, ignored) ? std::string(name)
                                                                         : std::string();
}

}  // namespace

LocalZone zone_of(const ZoneEnvironment& environment) {
  auto zone = find(environment);
  if (zone) return {.zone = std::move(*zone), .name = name_of(environment)};
  return {.zone = {},
          .name = {},
          .warning = fmt::format("{}{}; local times are UTC", environment.tz ? "TZ: " : "",
                                 zone.error().detail)};
}

const LocalZone& local_zone() {
  static const LocalZone kZone = zone_of({.tz = variable("TZ"), .folder = zone_files()});
  return kZone;
}

}  // namespace gridloom::app
