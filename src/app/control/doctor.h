// The facts of an installation for a bug report, and what is unsafe or about to fail. Nothing in
// them identifies its owner: no names, serial numbers, keys, or paths.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "wire/json.h"

namespace gridloom::app {

struct Fact {
  std::string name;
  std::string text;
};

struct Finding {
  std::string check;
  bool good = true;
  std::string text;  // what was found; of a problem also what to do
};

struct Diagnosis {
  std::vector<Fact> facts{};
  std::vector<Finding> findings{};

  [[nodiscard]] bool is_good() const;
};

// Examines the data folder, the server that runs on it, if one does, and the machine. `profiles`:
// the folder of profiles; empty: none.
[[nodiscard]] Diagnosis diagnose(const std::filesystem::path& data,
                                 const std::filesystem::path& profiles);

// --- its checks ---

// The folder and the files in it that only their owner may read.
[[nodiscard]] Finding check_modes(const std::filesystem::path& data);
[[nodiscard]] Finding check_profiles(const std::filesystem::path& profiles);
// `ready`: the content of ready.json.
[[nodiscard]] Finding check_listeners(const wire::Json& ready);
[[nodiscard]] Finding check_space(std::uint64_t free_bytes, std::uint64_t all_bytes);
[[nodiscard]] Finding check_clock(TimePoint now, bool is_synchronized);
// `damage`: the notes of `gridloom damage`.
[[nodiscard]] Finding check_damage(const std::vector<std::string>& notes);
// `format` is that of history.db; 0: not known.
[[nodiscard]] Finding check_versions(std::int64_t format);

[[nodiscard]] wire::JsonObject to_json(const Diagnosis& diagnosis);

}  // namespace gridloom::app
