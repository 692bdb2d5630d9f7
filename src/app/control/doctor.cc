#include "app/control/doctor.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>
#include <thread>

#include "app/control/admin_client.h"
#include "app/process/version.h"
#include "base/read_file.h"
#include "history/store/history_tables.h"
#include "net/address.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMaxReady = 65'536;  // bytes
constexpr mode_t kOfOthers = 0077;
constexpr std::uint64_t kMega = 1'000'000;
constexpr std::uint64_t kLeastFree = 500 * kMega;           // bytes
constexpr std::uint64_t kLeastShare = 20;                   // a twentieth of the disk
constexpr TimePoint kNoEarlier{Millis{1'735'689'600'000}};  // 2025: this program is younger
constexpr std::array kPrivate = {"secret.key", "registry.sqlite", "history.db", "log", "ready.json",
                                 "tls",        "admin.sock"};

Finding good(std::string_view check, std::string text) {
  return {.check = std::string(check), .good = true, .text = std::move(text)};
}
Finding problem(std::string_view check, std::string text) {
  return {.check = std::string(check), .good = false, .text = std::move(text)};
}

std::optional<mode_t> mode_of(const fs::path& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return facts.st_mode & 07777U;
}

std::uint64_t bytes_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return fs::file_size(path, error);
  std::uint64_t bytes = 0;
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) bytes += at->file_size(ignored);
  }
  return bytes;
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / static_cast<double>(kMega));
}

// The number that a program keeps in the header of an SQLite file for the version of its tables.
std::int64_t version_of(const fs::path& database) {
  constexpr std::streamoff kAt = 60;
  std::ifstream in(database, std::ios::binary);
  std::array<char, 4> bytes{};
  in.seekg(kAt);
  if (!in.read(bytes.data(), bytes.size())) return 0;
  std::int64_t version = 0;
  for (const char byte : bytes) version = version * 256 + static_cast<unsigned char>(byte);
  return version;
}

Json ready_of(const fs::path& data) {
  const auto text = read_file(data / "ready.json", kMaxReady);
  auto parsed = text ? wire::parse_json(*text) : Json();
  return parsed ? std::move(*parsed) : Json();
}

void add_machine(std::vector<Fact>& facts) {
  facts.push_back(
      {.name = "gridloom", .text = version_text().substr(version_text().find(' ') + 1)});
  utsname system{};
  if (::uname(&system) == 0) {
    facts.push_back({.name = "system",
                     .text = fmt::format("{} {} {}", &system.sysname[0], &system.release[0],
                                         &system.machine[0])});
  }
  facts.push_back(
      {.name = "processors", .text = std::to_string(std::thread::hardware_concurrency())});
  struct sysinfo memory{};
  if (::sysinfo(&memory) == 0) {
    facts.push_back({.name = "memory", .text = megabytes(memory.totalram * memory.mem_unit)});
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    facts.push_back(
        {.name = "open files", .text = fmt::format("{} of {}", files.rlim_cur, files.rlim_max)});
  }
}

// How many accounts there are, and devices of each family.
void add_counts(const fs::path& data, std::vector<Fact>& facts) {
  const auto accounts = ask_admin(data, {{"op", "account.list"}});
  if (accounts && accounts->is_array()) {
    facts.push_back({.name = "accounts", .text = std::to_string(accounts->get_array().size())});
  }
  const auto devices = ask_admin(data, {{"op", "device.list"}});
  if (!devices || !devices->is_array()) return;
  std::map<std::string, std::size_t> families;
  std::size_t online = 0;
  for (const Json& row : devices->get_array()) {
    const Json* family = wire::member(row, "family");
    if (family != nullptr && family->is_string()) ++families[std::string(family->get_string())];
    const Json* is_online = wire::member(row, "online");
    if (is_online != nullptr && *is_online == true) ++online;
  }
  std::string text = fmt::format("{}, {} online", devices->get_array().size(), online);
  for (const auto& [family, count] : families) text += fmt::format(", {} {}", count, family);
  facts.push_back({.name = "devices", .text = std::move(text)});
}

void add_data(const fs::path& data, bool is_running, std::vector<Fact>& facts) {
  facts.push_back({.name = "server", .text = is_running ? "runs" : "does not run"});
  facts.push_back({.name = "history.db", .text = megabytes(bytes_of(data / "history.db"))});
  facts.push_back({.name = "log", .text = megabytes(bytes_of(data / "log"))});
}

std::vector<std::string> texts_in(const Result<Json>& answer) {
  std::vector<std::string> texts;
  if (!answer || !answer->is_array()) return texts;
  for (const Json& each : answer->get_array()) {
    texts.push_back(wire::plain_text(each));
  }
  return texts;
}

Finding check_faults(const fs::path& data) {
  const auto faults = texts_in(ask_admin(data, {{"op", "fault.list"}, {"all", ""}}));
  if (faults.empty()) return good("injected faults", "none");
  return problem(
      "injected faults",
      fmt::format("{} on: devices and answers are wrong on purpose; `gridloom fault off` "
                  "ends that",
                  faults.size()));
}

}  // namespace

bool Diagnosis::is_good() const { return std::ranges::all_of(findings, &Finding::good); }

Finding check_modes(const fs::path& data) {
  constexpr std::string_view kCheck = "data folder";
  std::string open;
  const auto add = [&](const fs::path& path, std::string_view name) {
    const auto mode = mode_of(path);
    if (!mode || (*mode & kOfOthers) == 0) return;
    open += fmt::format("{}{} (mode {:04o})", open.empty() ? "" : ", ", name, *mode);
  };
  add(data, "the folder");
  // Files inside of a folder that only its owner may enter are out of reach.
  if (open.empty()) return good(kCheck, "only its owner can read it");
  for (const char* name : kPrivate) add(data / name, name);
  return problem(kCheck, fmt::format("other users may enter or read: {}; run `chmod -R go= DIR` "
                                     "with the folder's name",
                                     open));
}

Finding check_profiles(const fs::path& profiles) {
  constexpr std::string_view kCheck = "profiles";
  std::size_t count = 0;
  std::size_t open = 0;
  std::error_code error;
  if (!profiles.empty()) {
    for (fs::directory_iterator at(profiles, error), end; !error && at != end;
         at.increment(error)) {
      const auto mode = mode_of(at->path());
      ++count;
      if (mode && (*mode & kOfOthers) != 0) ++open;
    }
  }
  if (open == 0) return good(kCheck, fmt::format("{}, only their owner can read them", count));
  return problem(kCheck,
                 fmt::format("other users may read {} of {}, which have keys: run `chmod go= "
                             "~/.config/gridloom/profiles/*`",
                             open, count));
}

Finding check_listeners(const Json& ready) {
  constexpr std::string_view kCheck = "listeners";
  std::string open;
  for (const char* name : {"http", "mqtt"}) {
    const Json* value = wire::member(ready, name);
    if (value == nullptr || !value->is_string()) continue;
    std::string_view text = value->get_string();
    if (const std::size_t at = text.find("//"); at != std::string_view::npos) {
      text.remove_prefix(at + 2);
    }
    const auto address = net::parse_address(text);
    if (!address || address->loopback()) continue;
    open += fmt::format("{}{}", open.empty() ? "" : " and ", name);
  }
  if (open.empty()) return good(kCheck, "without TLS only for this machine");
  return problem(kCheck, fmt::format("{} can be reached from other machines without TLS, so that "
                                     "passwords travel in the clear: start the server with "
                                     "127.0.0.1 there, and use --https and --mqtts",
                                     open));
}

Finding check_space(std::uint64_t free_bytes, std::uint64_t all_bytes) {
  constexpr std::string_view kCheck = "disk";
  const std::string text =
      fmt::format("{} free of {}", megabytes(free_bytes), megabytes(all_bytes));
  if (free_bytes >= kLeastFree && free_bytes >= all_bytes / kLeastShare) return good(kCheck, text);
  return problem(kCheck, text + ": make room, or keep less history (`gridloom limits`)");
}

Finding check_clock(TimePoint now, bool is_synchronized) {
  constexpr std::string_view kCheck = "clock";
  if (now < kNoEarlier) {
    return problem(kCheck,
                   "this machine's clock is before 2025, so that signatures are refused: "
                   "set it");
  }
  // Without synchronization a clock may still be right; containers cannot tell.
  return good(kCheck, is_synchronized ? "synchronized" : "the system does not synchronize it");
}

Finding check_damage(const std::vector<std::string>& notes) {
  if (notes.empty()) return good("damage", "none");
  return problem("damage", fmt::format("{} notes of lost or damaged data; `gridloom damage` shows "
                                       "them",
                                       notes.size()));
}

Finding check_versions(std::int64_t format) {
  constexpr std::string_view kCheck = "files";
  if (format == 0) return good(kCheck, "there is no history.db yet, or a server was killed");
  constexpr std::int64_t kFormat = history::kHistorySchema.format;
  if (format == kFormat) return good(kCheck, "of this version");
  return problem(
      kCheck, format < kFormat
                  ? fmt::format("history.db has format {}, of an earlier program: `gridloom serve` "
                                "converts it to {}, and keeps the file of before",
                                format, kFormat)
                  : fmt::format("history.db has format {}, of a later program: this one knows {}",
                                format, kFormat));
}

Diagnosis diagnose(const fs::path& data, const fs::path& profiles) {
  Diagnosis diagnosis;
  // Comes first: a command that works on the folder of a stopped server brings its files up to
  // date.
  const std::int64_t version = version_of(data / "history.db");
  const bool is_running = ask_admin(data, {{"op", "time"}}).has_value();
  add_machine(diagnosis.facts);
  add_data(data, is_running, diagnosis.facts);
  add_counts(data, diagnosis.facts);
  std::vector<Finding>& findings = diagnosis.findings;
  findings.push_back(check_modes(data));
  findings.push_back(check_profiles(profiles));
  if (is_running) findings.push_back(check_listeners(ready_of(data)));
  struct statvfs disk{};
  if (::statvfs(data.c_str(), &disk) == 0) {
    findings.push_back(check_space(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize));
  }
  timex clock{};
  const bool is_synchronized = ::adjtimex(&clock) != TIME_ERROR;
  findings.push_back(check_clock(SystemClock().now(), is_synchronized));
  // A running server has brought them up to date, and has the newest of them in memory.
  if (!is_running) findings.push_back(check_versions(version));
  findings.push_back(check_damage(texts_in(ask_admin(data, {{"op", "damage.list"}}))));
  if (is_running) findings.push_back(check_faults(data));
  return diagnosis;
}

JsonObject to_json(const Diagnosis& diagnosis) {
  JsonObject facts;
  for (const Fact& fact : diagnosis.facts) facts[fact.name] = fact.text;
  JsonArray findings;
  for (const Finding& each : diagnosis.findings) {
    findings.push_back(JsonObject{{"check", each.check}, {"good", each.good}, {"text", each.text}});
  }
  return {{"good", diagnosis.is_good()},
          {"facts", std::move(facts)},
          {"findings", std::move(findings)}};
}

}  // namespace gridloom::app
