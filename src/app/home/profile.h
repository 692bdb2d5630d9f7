// Profiles: servers and keys of accounts that `gridloom login` keeps for other commands, one file
// of mode 0600 each, in $XDG_CONFIG_HOME/gridloom/profiles or ~/.config/gridloom/profiles. The
// profile "env" is not a file: it is the environment's GRIDLOOM_HOST, GRIDLOOM_ACCESS_KEY,
// GRIDLOOM_SECRET_KEY, GRIDLOOM_CA and GRIDLOOM_ADMIN_TOKEN.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/api_client.h"

namespace gridloom::app {

inline constexpr std::string_view kEnvironmentProfile = "env";

// The folder of the profiles. kNotFound: the environment names no home.
[[nodiscard]] Result<std::filesystem::path> profile_folder();

// kBadParams: not a name of letters, digits and "-._"; kNotFound: no such profile, with those there
// are; kIo: other users may read the file; kMalformed: it is damaged.
[[nodiscard]] Result<client::ApiOptions> read_profile(const std::filesystem::path& folder,
                                                      std::string_view name);
// Replaces a profile of this name.
[[nodiscard]] Status write_profile(const std::filesystem::path& folder, std::string_view name,
                                   const client::ApiOptions& options);
[[nodiscard]] Status remove_profile(const std::filesystem::path& folder, std::string_view name);
// The names, sorted.
[[nodiscard]] std::vector<std::string> profile_names(const std::filesystem::path& folder);

}  // namespace gridloom::app
