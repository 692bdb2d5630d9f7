#include "app/data_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "app/restore.h"

namespace gridloom::app {
namespace {

constexpr const char* kRegistry = "registry.sqlite";  // in each data folder from first use

constexpr std::string_view kRestore = "restore";

constexpr auto kRows = std::to_array<CommandRow>({
    {"serve", DataFolder::kMakes},
    {kRestore, DataFolder::kMakes},
    {"account add", DataFolder::kMakes},
    {"account list", DataFolder::kExpects},
    {"account keys", DataFolder::kExpects},
    {"account rotate", DataFolder::kExpects},
    {"account remove", DataFolder::kExpects},
    {"device add", DataFolder::kExpects},
    {"device list", DataFolder::kExpects},
    {"device rename", DataFolder::kExpects},
    {"device share", DataFolder::kExpects},
    {"device move", DataFolder::kExpects},
    {"device rotate", DataFolder::kExpects},
    {"device remove", DataFolder::kExpects},
    {"device purge", DataFolder::kExpects},
    {"damage", DataFolder::kExpects},
    {"audit", DataFolder::kExpects},
    {"backup", DataFolder::kExpects},
    {"history", DataFolder::kExpects},
    {"time", DataFolder::kExpects},
    {"time pause", DataFolder::kExpects},
    {"time resume", DataFolder::kExpects},
    {"time speed", DataFolder::kExpects},
    {"time step", DataFolder::kExpects},
    {"fault on", DataFolder::kExpects},
    {"fault off", DataFolder::kExpects},
    {"fault list", DataFolder::kExpects},
    {"record", DataFolder::kExpects},
    {"replay", DataFolder::kExpects},
    {"simulate", DataFolder::kExpects},
    {"family list", DataFolder::kNone},
    {"family show", DataFolder::kNone},
    {"family new", DataFolder::kNone},
    {"family schema", DataFolder::kNone},
    {"family check", DataFolder::kNone},
    {"block show", DataFolder::kNone},
    {"command-tree", DataFolder::kNone},
    {"check", DataFolder::kNone},
    {"segment show", DataFolder::kNone},
    {"limits", DataFolder::kNone},
    {"bench http", DataFolder::kNone},
    {"bench mqtt", DataFolder::kNone},
});

}  // namespace

std::span<const CommandRow> command_rows() { return kRows; }

Status check_data_folder(std::string_view command, const std::filesystem::path& folder) {
  const auto* row = std::ranges::find(kRows, command, &CommandRow::command);
  if (command != kRestore) {
    if (Status good = check_no_restore(folder); !good) return good;
  }
  if (row != kRows.end() && row->folder != DataFolder::kExpects) return {};
  struct stat facts{};
  if (::stat((folder / kRegistry).c_str(), &facts) == 0) return {};
  // Other errors (missing permission, for example) are reported by the command itself.
  if (errno != ENOENT && errno != ENOTDIR) return {};
  std::error_code ignored;
  if (std::filesystem::exists(folder / "history.db", ignored)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{0} has a history.db, but no {1}, which has all accounts and devices: "
                            "restore {1} and secret.key from a backup; if both are missing, "
                            "`gridloom serve` creates new ones and keeps the history",
                            folder.string(), kRegistry));
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("no Gridloom data in {0} (it has no {1}): --data is the folder that "
                          "`gridloom serve --data {0}` uses; that command, `gridloom account add` "
                          "and `gridloom restore` create a new one",
                          std::filesystem::absolute(folder, ignored).lexically_normal().string(),
                          kRegistry));
}

}  // namespace gridloom::app
